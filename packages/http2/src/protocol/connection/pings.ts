import type { Bytes } from "../bytes.ts";
import { ErrorCode, type FrameWriter } from "../frames/index.ts";
import type { PeerBudgets } from "./peer-budgets.ts";
import type { PingPolicy } from "./ping-policy.ts";

/** PING both ways (RFC 9113 §6.7): what of the peer's is answered, and which of its answers were asked for. */
export class Pings {
  readonly #writer: FrameWriter;
  readonly #budgets: PeerBudgets;
  /** A server's; null where the peer may ping as it likes, short of a flood. */
  readonly #policy: PingPolicy | null;
  readonly #fail: (code: number, reason: string) => void;
  /** As of the last ping of the peer. */
  #framesSent = 0;
  /** Ours that the peer has not acknowledged. */
  #unanswered = 0;

  constructor(
    writer: FrameWriter,
    budgets: PeerBudgets,
    policy: PingPolicy | null,
    fail: (code: number, reason: string) => void,
  ) {
    this.#writer = writer;
    this.#budgets = budgets;
    this.#policy = policy;
    this.#fail = fail;
  }

  send(payload: Bytes): void {
    this.#unanswered++;
    this.#writer.ping(payload, false);
  }

  /**
   * With so many HEADERS and DATA frames sent so far. Clients measure bandwidth by a ping for what has just come, and one
   * message may be many frames: each forgives the pings before it, and allows one more.
   */
  onPing(payload: Bytes, now: number, streams: number, framesSent: number): void {
    this.#budgets.allowPings(framesSent - this.#framesSent);
    if (framesSent > this.#framesSent) this.#policy?.forgive();
    this.#framesSent = framesSent;
    if (!this.#budgets.ping()) return;
    if (this.#policy?.onPing(now, streams) === false) {
      this.#fail(ErrorCode.EnhanceYourCalm, "too_many_pings");
    } else this.#writer.ping(payload, true);
  }

  /** False where nothing was asked. */
  onPong(): boolean {
    if (this.#unanswered === 0) {
      this.#budgets.idle();
      return false;
    }
    this.#unanswered--;
    return true;
  }
}
