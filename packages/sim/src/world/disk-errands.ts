import type { JournalSeq } from "@quorate/kernel/core";
import type { NodeEffect, NodeInput } from "@quorate/kernel/replica";
import type { Agenda } from "./agenda.ts";
import type { Disk } from "./disk.ts";

type Checkpoint = Extract<NodeEffect, { readonly type: "Checkpoint" }>;
type Export = Extract<NodeEffect, { readonly type: "Export" }>;

/** What one life of a node has its disk do beside the journal: each takes its time, and a crash before its end leaves nothing of it. */
export class DiskErrands {
  readonly #agenda: Agenda;
  readonly #disk: Disk;
  readonly #tell: (input: NodeInput) => void;
  #life = 0;
  /** No sync ends before that time. */
  #hungUntil = 0;
  #checkpoints: Checkpoint[] = [];

  constructor(agenda: Agenda, disk: Disk, tell: (input: NodeInput) => void) {
    this.#agenda = agenda;
    this.#disk = disk;
    this.#tell = tell;
  }

  /** The disk takes writes and does not finish them for so long. */
  hang(micros: number): void {
    this.#hungUntil = Math.max(this.#hungUntil, this.#agenda.now + micros);
  }

  /** When what begins now and takes so long is done. */
  doneAt(micros: number): number {
    return Math.max(this.#agenda.now, this.#hungUntil) + micros;
  }

  crash(): void {
    this.#life++;
    this.#hungUntil = 0;
    for (const { from } of this.#checkpoints) from.release();
    this.#checkpoints = [];
  }

  checkpoint(effect: Checkpoint): void {
    this.#checkpoints.push(effect);
  }

  /** A checkpoint may not claim to cover records that a power cut could still take back. */
  advance(durable: JournalSeq): void {
    const ready = this.#checkpoints.filter(({ covers }) => covers <= durable);
    this.#checkpoints = this.#checkpoints.filter(({ covers }) => covers > durable);
    for (const { group, covers, from } of ready) {
      const life = this.#life;
      this.#agenda.at(this.doneAt(2 * this.#disk.syncMicros()), () => {
        if (life === this.#life) this.#disk.checkpoint(group, covers, from);
        from.release();
        if (life === this.#life) this.#tell({ type: "Checkpointed", group, covers, ok: true });
      });
    }
  }

  export(lost: Export): void {
    const { id, group } = lost;
    const life = this.#life;
    this.#agenda.at(this.doneAt(2 * this.#disk.syncMicros()), () => {
      if (life !== this.#life) return;
      this.#tell({ type: "Exported", group, id, ok: this.#disk.export(lost) });
    });
  }
}
