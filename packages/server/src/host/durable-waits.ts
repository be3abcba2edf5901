import type { JournalSeq } from "@quorate/kernel/core";

interface Wait {
  readonly covers: JournalSeq;
  readonly tell: (durable: boolean) => void;
}

/** Who must not go on before the journal is durable up to a record: checkpoints, one of a group at a time. */
export class DurableWaits {
  #waits: Wait[] = [];

  /** True when it is durable up to there; false if the node closes before that. */
  until(covers: JournalSeq, durable: JournalSeq): Promise<boolean> {
    if (covers <= durable) return Promise.resolve(true);
    return new Promise((tell) => this.#waits.push({ covers, tell }));
  }

  advance(durable: JournalSeq): void {
    if (this.#waits.length === 0) return;
    for (const { covers, tell } of this.#waits) if (covers <= durable) tell(true);
    this.#waits = this.#waits.filter(({ covers }) => covers > durable);
  }

  close(): void {
    for (const { tell } of this.#waits) tell(false);
    this.#waits = [];
  }
}
