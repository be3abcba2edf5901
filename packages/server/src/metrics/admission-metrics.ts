import type { Pool } from "@quorate/http2";
import { type Admission, LANES, type Lane } from "../gateway/admission/index.ts";
import { labels, type MetricsRegistry, type Reading } from "./registry.ts";

/** What connections hold of answers that their clients do not read, and of what they ask. */
export function registerPoolMetrics(registry: MetricsRegistry, send: Pool, receive: Pool): void {
  registry.gauge(
    "quorate_client_send_bytes",
    "Bytes of answers that wait for clients to read them, over all connections.",
    () => send.bytes,
  );
  registry.gauge(
    "quorate_client_receive_bytes",
    "Bytes of requests that are not over, and of watched keys, over all connections.",
    () => receive.bytes,
  );
}

/** What of clients' calls is under way, waits and was refused, by lane. Read at the scrape; nothing is counted here. */
export function registerAdmissionMetrics(registry: MetricsRegistry, admission: Admission): void {
  const ofLanes = (read: (lane: Lane) => number): readonly Reading[] =>
    LANES.map((name) => ({
      labels: labels({ lane: name }),
      read: () => read(admission.lane(name)),
    }));
  const refusedFor = (reason: "full" | "expired"): readonly Reading[] =>
    LANES.map((name) => ({
      labels: labels({ lane: name, reason }),
      read: () => admission.lane(name).refused[reason],
    }));

  registry.gauges(
    "quorate_admission_limit",
    "Calls of clients that may be under way at a time; that of the data lane adapts.",
    ofLanes((lane) => lane.callsMax),
  );
  registry.gauges(
    "quorate_admission_in_flight",
    "Calls of clients that are under way.",
    ofLanes((lane) => lane.calls),
  );
  registry.gauges(
    "quorate_admission_in_flight_bytes",
    "Bytes of requests that are under way.",
    ofLanes((lane) => lane.bytes),
  );
  registry.gauges(
    "quorate_admission_waiting",
    "Calls of clients that wait to be let in.",
    ofLanes((lane) => lane.waiting),
  );
  registry.counterReadings(
    "quorate_admission_refused_total",
    "Calls of clients that were refused with too many requests: as they came, or after they had waited.",
    [...refusedFor("full"), ...refusedFor("expired")],
  );
}
