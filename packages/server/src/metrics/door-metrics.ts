import type { DoorObserver, DoorRefusal } from "@quorate/http2";
import { type Counters, labels, type MetricsRegistry } from "./registry.ts";

/** By the name of the label that Prometheus shows. */
const REASONS: Readonly<Record<DoorRefusal, string>> = {
  crowded: "crowded",
  silent: "silent",
  plainText: "plain_text",
  unauthorized: "unauthorized",
  handshake: "handshake",
  protocol: "protocol",
};
const REFUSALS = Object.keys(REASONS) as readonly DoorRefusal[];

/** Counts clients' connections, and those that got no further than the port. */
export class DoorMetrics implements DoorObserver {
  readonly #accepted: Counters;
  readonly #refused: Counters;

  constructor(registry: MetricsRegistry) {
    this.#accepted = registry.counters(
      "quorate_client_connections_accepted_total",
      "Connections that the client port has accepted.",
    );
    this.#refused = registry.counters(
      "quorate_client_connections_refused_total",
      "Connections of clients that were closed before they could ask for anything, by reason.",
      REFUSALS.map((refusal) => labels({ reason: REASONS[refusal] })),
    );
  }

  accepted(): void {
    this.#accepted.add(0, 1);
  }

  refused(reason: DoorRefusal): void {
    this.#refused.add(REFUSALS.indexOf(reason), 1);
  }
}
