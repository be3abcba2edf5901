import type { Bytes, NodeId, Now, RequestId, StartId, Ticks } from "../core/index.ts";

/** A command as a node has it before it is in a log. */
export interface Queued {
  readonly id: RequestId;
  readonly kind: number;
  readonly envelope: Bytes;
}

/** Whose command it is, where it came from another node. */
export interface Origin {
  readonly from: NodeId;
  readonly start: StartId;
  readonly request: RequestId;
}

/** Says when a command may go into the log: see `CacheLeases`. */
export interface Gate {
  readonly heldMax: number;
  readonly heldBytesMax: number;
  pass(now: Now, id: RequestId, envelope: Bytes): boolean;
  freed(now: Now): readonly RequestId[];
  drop(id: RequestId): void;
}

export interface Held extends Queued {
  /** Who asked: a client of this node, another node's, or the replica itself. */
  readonly origin: Origin | "client" | "own";
  /** The work is dropped then, not done (A3); null: whoever waits says so. */
  readonly until: Ticks | null;
}

/** Commands that the leader of their group lets wait: nobody has them but this node, so to drop one is a definite end. */
export class HeldCommands {
  readonly #gate: Gate;
  readonly #held = new Map<RequestId, Held>();
  #owns = 0;
  #bytes = 0;

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  /** Is a command of the replica's own among them? */
  get hasOwn(): boolean {
    return this.#owns > 0;
  }

  get wakeAt(): Ticks | null {
    let at: Ticks | null = null;
    for (const { until } of this.#held.values())
      if (until !== null && (at === null || until < at)) at = until;
    return at;
  }

  /** What became of a command that is about to be proposed. */
  ask(now: Now, command: Held): "goes" | "waits" | "refused" {
    if (this.#gate.pass(now, command.id, command.envelope)) return "goes";
    const { heldMax, heldBytesMax } = this.#gate;
    const bytes = this.#bytes + command.envelope.length;
    if ((this.#held.size >= heldMax || bytes > heldBytesMax) && command.origin !== "own") {
      this.#gate.drop(command.id);
      return "refused";
    }
    this.#held.set(command.id, command);
    this.#bytes = bytes;
    if (command.origin === "own") this.#owns++;
    return "waits";
  }

  /** Those that may go now, oldest first. */
  freed(now: Now): readonly Held[] {
    if (this.#held.size === 0) return NONE;
    return this.#gate.freed(now).flatMap((id) => this.#take(id) ?? []);
  }

  /** Those whose time is over. */
  expired(now: Now): readonly Held[] {
    if (this.#held.size === 0) return NONE;
    const late = [...this.#held.values()].filter(
      ({ until }) => until !== null && until <= now.ticks,
    );
    for (const { id } of late) this.forget(id);
    return late;
  }

  /** All of them: they wait here no more. */
  drain(): readonly Held[] {
    if (this.#held.size === 0) return NONE;
    const all = [...this.#held.values()];
    for (const { id } of all) this.forget(id);
    return all;
  }

  /** It had gone, and is in no log: it may come again. */
  refused(id: RequestId): void {
    this.#gate.drop(id);
  }

  /** True where it was held. */
  forget(id: RequestId): boolean {
    if (this.#take(id) === null) return false;
    this.#gate.drop(id);
    return true;
  }

  #take(id: RequestId): Held | null {
    const held = this.#held.get(id);
    if (held === undefined) return null;
    this.#held.delete(id);
    this.#bytes -= held.envelope.length;
    if (held.origin === "own") this.#owns--;
    return held;
  }
}

const NONE: readonly Held[] = [];
