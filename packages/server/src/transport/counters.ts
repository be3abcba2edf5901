import type { FrameDrop } from "@quorate/kernel/core";

/** What the peer port counts. Everything that is not believed, not sent or not served has a reason of its own. */
export type TransportEvent =
  | "dials"
  | "dialFailures"
  | "accepted"
  | "linksUp"
  | "linksDown"
  | "linksReplaced"
  | "framesSent"
  | "framesReceived"
  | "bytesSent"
  | "bytesReceived"
  | "joins"
  | `refused.${"malformed" | "wrongCluster" | "wrongNode" | "noCommonVersion" | "unknownPeer" | "wrongDirection" | "untrusted" | "deadline" | "crowded" | "byPeer" | "twin" | "contested"}`
  | `dropped.${FrameDrop}`
  | `unsent.${"linkDown" | "queueFull" | "tooLarge"}`
  | `closed.${"frame" | "idle" | "slowFrame" | "stalled" | "length"}`;

export class TransportCounters {
  readonly #counts = new Map<TransportEvent, number>();

  count(event: TransportEvent, by = 1): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + by);
  }

  of(event: TransportEvent): number {
    return this.#counts.get(event) ?? 0;
  }

  /** `peer_refused_wrong_cluster` and the like. */
  flat(): Readonly<Record<string, number>> {
    const flat: Record<string, number> = {};
    for (const [event, count] of this.#counts) {
      const name = event.replace(".", "_").replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
      flat[`peer_${name}`] = count;
    }
    return flat;
  }
}
