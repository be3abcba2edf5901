import type {
  Effect,
  GroupId,
  JournalSeq,
  KeyspaceId,
  NodeId,
  RequestId,
  Ticks,
} from "../core/index.ts";
import { encodeNames, type LostWrite, NAMES_MAX, type WriteName, writesIn } from "./lost-writes.ts";
import type { ReplicaPort } from "./replica-port.ts";
import { FrameKind } from "./wire.ts";

/** What could not be written out is tried again so much later: somebody may have made room. */
const RETRY_TICKS = 5000;

type Lost = Extract<Effect<unknown>, { type: "Lost" }>;

interface Export {
  /** Tells the host's answer from one to an earlier try. */
  readonly id: RequestId;
  readonly lost: Lost;
  readonly writes: readonly LostWrite[];
  /** What the protocol asked for behind it. */
  readonly rest: readonly Effect<unknown>[];
  /** The host failed: when to ask it again; null while it writes. */
  readonly retryAt: Ticks | null;
}

/**
 * Writes that may have been acknowledged and are to be undone (card 63) are on this node's disk in a file of their own before anything is
 * done that removes them from its log: whatever the protocol asked for behind them, and all its further steps, waits until the host has
 * said so. A crash meanwhile finds the log as it was, and the same writes lost again: the file is written once more, under the same name.
 * While the disk refuses, the replica stays as it is: it serves nobody, takes part in nothing, and says why.
 */
export class Exporting {
  readonly #group: GroupId;
  readonly #keyspace: KeyspaceId;
  readonly #port: ReplicaPort;
  readonly #others: () => readonly NodeId[];
  /** Off: nothing is waited for. */
  readonly #first: boolean;
  #export: Export | null = null;

  constructor(
    group: GroupId,
    keyspace: KeyspaceId,
    first: boolean,
    port: ReplicaPort,
    others: () => readonly NodeId[],
  ) {
    this.#group = group;
    this.#keyspace = keyspace;
    this.#first = first;
    this.#port = port;
    this.#others = others;
  }

  /** Something is being written out: the protocol makes no step, and what it is sent is lost. */
  get waits(): boolean {
    return this.#first && this.#export !== null;
  }

  get retryAt(): Ticks | null {
    return this.#export?.retryAt ?? null;
  }

  /** Those that may be performed now; what comes behind lost writes is kept. */
  pass(effects: readonly Effect<unknown>[]): readonly Effect<unknown>[] {
    const at = effects.findIndex(({ type }) => type === "Lost");
    const lost = effects[at];
    if (lost?.type !== "Lost") return effects;
    const { from, to, entries } = lost;
    const fields = { group: this.#group, from, to, count: to - from + 1 };
    this.#port.note("error", "acknowledged writes lost", fields);
    const writes = writesIn(entries);
    const rest = effects.slice(at + 1);
    if (writes.length === 0) return [...effects.slice(0, at), ...this.pass(rest)];
    this.#begin(lost, writes, this.#first ? rest : []);
    return this.#first ? effects.slice(0, at) : [...effects.slice(0, at), ...rest];
  }

  /** The host has written it out, or could not. Gives what is to be performed now. */
  done(id: RequestId, ok: boolean, now: Ticks): readonly Effect<unknown>[] {
    const known = this.#export;
    if (known === null || known.id !== id) return [];
    if (!ok) {
      const { from, to } = known.lost;
      this.#port.note("error", "lost writes not exported: this replica waits", {
        group: this.#group,
        from,
        to,
        what: "it is tried again; the node's log says what the disk refused",
      });
      this.#export = { ...known, retryAt: (now + RETRY_TICKS) as Ticks };
      return [];
    }
    this.#export = null;
    this.#tell(known.writes);
    return this.pass(known.rest);
  }

  /** Asks the host again where it failed long enough ago. */
  retry(now: Ticks): void {
    const known = this.#export;
    if (known !== null && known.retryAt !== null && now >= known.retryAt)
      this.#begin(known.lost, known.writes, known.rest);
  }

  #begin(lost: Lost, writes: readonly LostWrite[], rest: readonly Effect<unknown>[]): void {
    const id = this.#port.nextId();
    this.#export = { id, lost, writes, rest, retryAt: null };
    this.#port.ask({
      type: "Export",
      id,
      group: this.#group,
      keyspace: this.#keyspace,
      from: lost.from,
      to: lost.to,
      writes,
    });
  }

  /** Clients of every member's: a client that was answered may be anybody's by now. Once, and whoever is not there does not hear of it. */
  #tell(writes: readonly LostWrite[]): void {
    for (let i = 0; i < writes.length; i += NAMES_MAX) {
      const names = writes.slice(i, i + NAMES_MAX);
      this.#port.ask({ type: "Undone", keyspace: this.#keyspace, writes: names });
      for (const member of this.#others())
        this.#port.send(
          member,
          "control",
          this.#group,
          FrameKind.lostWrites,
          encodeNames(names),
          0 as JournalSeq,
        );
    }
  }

  /** Another member had these, and the group has not. */
  onLost(names: readonly WriteName[]): void {
    this.#port.ask({ type: "Undone", keyspace: this.#keyspace, writes: names });
  }
}
