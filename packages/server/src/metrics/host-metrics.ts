import type { NodePort } from "../host/index.ts";
import type { MetricsRegistry } from "./registry.ts";

/**
 * What a node pays for its keyspaces, beside the CPU: words to its peers, and syncs of its journal. Read at the scrape; nothing is counted
 * here.
 */
export function registerHostMetrics(registry: MetricsRegistry, port: NodePort): void {
  const counter = (name: string, help: string, counted: string): void =>
    registry.counter(name, help, () => port.counters()[counted] ?? 0);
  counter(
    "quorate_peer_frames_sent_total",
    "Frames sent to peers: the messages of a turn to one peer share one.",
    "peer_frames_sent",
  );
  counter(
    "quorate_peer_frames_received_total",
    "Frames of peers that were believed.",
    "peer_frames_received",
  );
  counter(
    "quorate_peer_sent_bytes_total",
    "Bytes of frames sent to peers, before TLS and TCP.",
    "peer_bytes_sent",
  );
  counter(
    "quorate_peer_received_bytes_total",
    "Bytes received from peers, after TLS.",
    "peer_bytes_received",
  );
  counter(
    "quorate_journal_syncs_total",
    "Batches of the journal that were written and made durable, each by one sync.",
    "journal_batches",
  );
}
