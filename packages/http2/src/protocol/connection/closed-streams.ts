/** How a stream came to its end, as far as it is still known. */
export type Ending = "Ended" | "ResetByPeer" | "ResetByUs" | "Forgotten" | "NeverOpened";

const ENDED = 0;
const RESET_BY_PEER = 1;
const RESET_BY_US = 2;
const CAUSES: readonly Ending[] = ["Ended", "ResetByPeer", "ResetByUs"];

/**
 * Remembers how the last streams ended, because the same frame is an error after one ending and on its way all along after
 * another (RFC 9113 §5.1, "closed"). What has been forgotten is given the benefit of the doubt.
 */
export class ClosedStreams {
  readonly #max: number;
  /** A ring, once it is full: number and cause in one. */
  readonly #entries: number[] = [];
  #next = 0;
  /** The highest that is not remembered any more. */
  #forgottenUpTo = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(id: number, ending: "Ended" | "ResetByPeer" | "ResetByUs"): void {
    const place = this.#next;
    const old = Math.floor((this.#entries[place] ?? 0) / 4);
    if (old > this.#forgottenUpTo) this.#forgottenUpTo = old;
    const cause =
      ending === "Ended" ? ENDED : ending === "ResetByPeer" ? RESET_BY_PEER : RESET_BY_US;
    this.#entries[place] = id * 4 + cause;
    this.#next = place + 1 === this.#max ? 0 : place + 1;
  }

  /** Of a stream whose number is not above the highest seen. A walk over the memory, so callers count how often. */
  endingOf(id: number): Ending {
    for (const entry of this.#entries) {
      if (Math.floor(entry / 4) === id) return CAUSES[entry % 4] ?? "Forgotten";
    }
    return id <= this.#forgottenUpTo ? "Forgotten" : "NeverOpened";
  }
}
