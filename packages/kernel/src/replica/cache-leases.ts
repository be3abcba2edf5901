import {
  ALL_DATA,
  ALL_LEASE_RULES,
  type Bytes,
  type DataRange,
  LeaseTable,
  type LogIndex,
  type LogState,
  type Machine,
  Malformed,
  NO_WRITES,
  type Now,
  type Recall,
  type RequestId,
  type TableSettings,
  type Ticks,
} from "../core/index.ts";
import type { Applier } from "./applier.ts";
import { decodeEnvelope, kindOf, ReplicaKind } from "./envelope.ts";
import type { Gate } from "./held-commands.ts";
import { bodyOfLeased, leasedIn } from "./leased.ts";

/** Of the leases that clients cache values by (card 7). */
export interface CacheSettings extends TableSettings {
  /** Commands that wait for leases, of all nodes' clients; beyond it `Overloaded`. */
  readonly heldMax: number;
  /** The same in bytes. */
  readonly heldBytesMax: number;
  /** A longer key is leased to nobody. */
  readonly keyBytesMax: number;
}

export const DEFAULT_CACHE_SETTINGS: CacheSettings = Object.freeze({
  drift: { perMillion: 10_000 },
  rules: ALL_LEASE_RULES,
  leaseTicks: 2000,
  duringWrite: "noLease",
  revokes: true,
  revokeRetryTicks: 200,
  leasesMax: 100_000,
  leasesPerHolderMax: 10_000,
  heldMax: 4096,
  heldBytesMax: 64 << 20,
  keyBytesMax: 1024,
});

/**
 * What the leader of a group has promised to caches: while somebody's lease on a key stands, no command that may change the key gets
 * into the log, and while one is in the log and not applied, or waits to get there, nobody is leased the key.
 *
 * - A lease goes only to whoever asked for a linearizable read, and its holder counts from when it asked. So whoever leads next was
 *   elected after that, and is clear of the lease when the longest there is has passed since (D3, `lead`).
 * - That duration is an entry of the log before the first lease is granted, so every later leader has it (`leased.ts`).
 * - What stood in the log when this leader came was let in by an earlier one, which had waited for its own leases; it is applied before
 *   anything is leased here (`#blindUpTo`). Where a leader may find commands that the leader before it did not know, as in Multi-Paxos,
 *   that would not be enough (`Profile.caches`).
 *
 * Until somebody asks for a lease, and no earlier leader granted one, there is no table, and commands pass unread.
 */
export class CacheLeases {
  readonly #settings: CacheSettings;
  /** Puts a command of the replica's own into the log. */
  readonly #declare: (kind: number, body: Bytes) => void;
  #table: LeaseTable<RequestId, RequestId> | null = null;
  /** The term that the table is of; null for who does not lead. */
  #term: number | null = null;
  /** Of entries up to here nobody knows here what they change: nothing is leased before they are applied. */
  #blindUpTo = 0 as LogIndex;
  #declared = false;
  /** Let go in this run. */
  #passed: RequestId[] = [];
  /** In the log at or before `upTo`, oldest first. */
  #inLog: { readonly ids: readonly RequestId[]; readonly upTo: LogIndex }[] = [];
  /** Where each of them stands at the latest: one that was refused, and came again, is done with the second entry alone. */
  readonly #placeOf = new Map<RequestId, LogIndex>();
  /** Rounds of recalls in this life: what is said of one of an earlier term ends no lease of a later. */
  #recalls = 0;

  constructor(settings: CacheSettings, declare: (kind: number, body: Bytes) => void) {
    this.#settings = settings;
    this.#declare = declare;
  }

  /** Follows the role. A new leader is bound by what an earlier one may have granted, until that is over by its own clock. */
  follow(now: Now, leading: boolean, { term, log }: LogState, applier: Applier): void {
    const next = leading ? term : null;
    if (next === this.#term) return;
    this.#term = next;
    this.#recalls = this.#table?.rounds ?? this.#recalls;
    this.#table = null;
    this.#passed = [];
    this.#inLog = [];
    this.#placeOf.clear();
    this.#declared = false;
    if (!leading) return;
    this.#blindUpTo = log.lastIndex;
    const longest = Math.max(applier.leasedTicks, leasedIn(log, applier.index));
    if (longest === 0) return;
    this.#table = new LeaseTable(this.#settings, this.#recalls);
    if (this.#settings.rules.waitAfterRestart) this.#table.inherit(now.ticks, longest);
  }

  /** What commands pass on their way into the log. */
  gate(applier: () => Applier): Gate {
    const { heldMax, heldBytesMax } = this.#settings;
    return {
      heldMax,
      heldBytesMax,
      pass: (now, id, envelope) => this.pass(now, id, envelope, applier()),
      freed: (now) => this.freed(now),
      drop: (id) => this.drop(id),
    };
  }

  /** May this command go into the log? Else `freed` names it when it may, unless it is dropped before. */
  pass(now: Now, id: RequestId, envelope: Bytes, { machine, index }: Applier): boolean {
    if (this.#table === null) return true;
    const ranges = this.#rangesOf(envelope, machine, index);
    if (ranges.length === 0) return true;
    const free = this.#table.enter(now.ticks, id, ranges);
    if (free) this.#passed.push(id);
    return free;
  }

  /** Those that waited and may go now, in the order in which they came. */
  freed(now: Now): readonly RequestId[] {
    const ids = this.#table?.freed(now.ticks) ?? [];
    this.#passed.push(...ids);
    return ids;
  }

  /** A command goes nowhere: it waited, or the protocol refused it. */
  drop(id: RequestId): void {
    this.#table?.done(id);
    this.#placeOf.delete(id);
  }

  /** What was let go is in the log now, if the protocol took it, and not behind `upTo`. */
  proposed(upTo: LogIndex): void {
    if (this.#passed.length === 0) return;
    this.#inLog.push({ ids: this.#passed, upTo });
    for (const id of this.#passed) this.#placeOf.set(id, upTo);
    this.#passed = [];
  }

  /** What has been applied shows, and may be leased as it is now. */
  applied(index: LogIndex): void {
    for (let first = this.#inLog[0]; first !== undefined && first.upTo <= index; ) {
      for (const id of first.ids) if (this.#placeOf.get(id) === first.upTo) this.drop(id);
      this.#inLog.shift();
      first = this.#inLog[0];
    }
  }

  /**
   * For how many ticks the value that a linearizable read is about to be shown may be cached, from when its reader asked; null: not
   * at all. The first reader of a group, and whoever asks a new leader early, gets none.
   */
  grant(
    now: Now,
    key: string,
    holder: RequestId,
    state: LogState,
    applier: Applier,
  ): number | null {
    if (this.#term !== state.term) return null;
    if (this.#table === null) {
      this.#table = new LeaseTable(this.#settings, this.#recalls);
      this.#blindUpTo = state.log.lastIndex;
    }
    const { leaseTicks, keyBytesMax } = this.#settings;
    if (applier.leasedTicks < leaseTicks) {
      if (!this.#declared) this.#declare(ReplicaKind.leased, bodyOfLeased(leaseTicks));
      this.#declared = true;
      return null;
    }
    if (applier.index < this.#blindUpTo || key.length > keyBytesMax) return null;
    const granted = this.#table.grant(now.ticks, key, holder);
    return granted === 0 ? null : granted;
  }

  /** The holder has dropped what it was granted on this key before that recall. */
  returned(key: string, holder: RequestId, recall: number): void {
    this.#table?.acknowledge(key, holder, recall);
  }

  /** Whom to ask now to drop a key that a command waits for. */
  recalls(now: Now): readonly Recall<RequestId>[] {
    return this.#table === null || this.#table.waiting === 0 ? [] : this.#table.recalls(now.ticks);
  }

  get wakeAt(): Ticks | null {
    return this.#table?.wakeAt ?? null;
  }

  #rangesOf(envelope: Bytes, machine: Machine, applied: LogIndex): readonly DataRange[] {
    const kind = kindOf(envelope);
    if (REPLICAS_OWN.has(kind)) return [];
    const opened = decodeEnvelope(envelope);
    const writes = opened instanceof Malformed ? NO_WRITES : machine.writes(kind, opened.body);
    if (!writes.follows) return writes.ranges;
    // What it changes is decided by the commands before it, as far as they are not applied.
    if (applied < this.#blindUpTo) return [ALL_DATA];
    return [...writes.ranges, ...(this.#table?.unapplied() ?? [])];
  }
}

/** They change no key. A bundle is made of renewals behind this gate, and never comes from a client. */
const REPLICAS_OWN: ReadonlySet<number> = new Set(Object.values(ReplicaKind));
