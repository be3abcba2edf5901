import type { KeyspaceId } from "@quorate/kernel/core";
import type { NodePort } from "../../host/index.ts";

/** A stream that asked for a leader. */
export interface LeaderDependent {
  readonly keyspace: KeyspaceId;
  /** No leader was seen for three election time-outs. Told once; the stream is forgotten. */
  onNoLeader(): void;
}

const LEADERLESS_TIMEOUTS_MAX = 3;

/** Ends streams with `hasleader` once this member has seen no leader for three election time-outs in a row. */
export class LeaderMonitor {
  readonly #port: NodePort;
  readonly #periodMs: number;
  readonly #streams = new Map<LeaderDependent, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(port: NodePort, electionTimeoutMs: number) {
    this.#port = port;
    this.#periodMs = electionTimeoutMs;
  }

  add(stream: LeaderDependent): void {
    this.#streams.set(stream, 0);
    this.#timer ??= setInterval(() => this.#look(), this.#periodMs).unref();
  }

  delete(stream: LeaderDependent): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.stop();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    for (const [stream, leaderless] of this.#streams) {
      if (this.#port.groupOf(stream.keyspace)?.leader != null) this.#streams.set(stream, 0);
      else if (leaderless + 1 < LEADERLESS_TIMEOUTS_MAX) this.#streams.set(stream, leaderless + 1);
      else {
        this.delete(stream);
        stream.onNoLeader();
      }
    }
  }
}
