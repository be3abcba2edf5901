import type { JournalSeq } from "../core/index.ts";
import type { Replica } from "./replica.ts";

/** A node's records that its disk still owes, oldest first, and whose they are. */
export class Undurable {
  #records: { readonly seq: JournalSeq; readonly replica: Replica }[] = [];

  /** All before it is durable; beyond every record where nothing is owed. */
  get first(): number {
    return this.#records[0]?.seq ?? Number.MAX_SAFE_INTEGER;
  }

  add(seq: JournalSeq, replica: Replica): void {
    this.#records.push({ seq, replica });
  }

  /** Whose records are durable now. One of which there were several is named as often. */
  take(upTo: JournalSeq): readonly Replica[] {
    const end = this.#records.findIndex(({ seq }) => seq > upTo);
    const count = end < 0 ? this.#records.length : end;
    return this.#records.splice(0, count).map(({ replica }) => replica);
  }

  forget(replica: Replica): void {
    this.#records = this.#records.filter((record) => record.replica !== replica);
  }
}
