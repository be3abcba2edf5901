import type {
  CompareAsk,
  DeleteAsk,
  Kv,
  OpAnswer,
  OpAsk,
  PutAsk,
  RangeAnswer,
  RangeAsk,
  TxnAnswer,
  TxnAsk,
  WatchEvent,
} from "./api.ts";
import { message } from "./api.ts";

const NOT_FOUND = "etcdserver: requested lease not found";
const COMPACTED = "etcdserver: mvcc: required revision has been compacted";
const FUTURE = "etcdserver: mvcc: required revision is a future revision";

interface Written {
  readonly mod: number;
  /** Null: deleted. */
  readonly kv: Kv | null;
}

/** The data model as plainly as it can be written: every version of every key in a list, nothing forgotten. */
export class Model {
  revision = 1;
  compacted = -1;
  readonly keys = new Map<string, Written[]>();
  readonly leases = new Map<number, { ttl: number; deadline: number }>();
  readonly history: (WatchEvent & { readonly revision: number })[] = [];
  #changes = 0;

  at(key: string, revision: number): Kv | null {
    return this.keys.get(key)?.findLast(({ mod }) => mod <= revision)?.kv ?? null;
  }

  get(key: string): Kv | null {
    return this.keys.get(key)?.at(-1)?.kv ?? null;
  }

  /** What everything that can still be read costs: what lived at the compact revision, and all written since. */
  get bytesInUse(): number {
    let bytes = this.leases.size * 64;
    for (const [key, written] of this.keys) {
      const base = this.at(key, this.compacted);
      if (base !== null) bytes += costOf(base);
      for (const { mod, kv } of written) {
        if (mod > this.compacted) bytes += costOf(kv ?? { key, mod });
      }
    }
    return bytes;
  }

  get readRevision(): number {
    return this.#changes > 0 ? this.revision + 1 : this.revision;
  }

  commit(): number {
    if (this.#changes > 0) this.revision++;
    this.#changes = 0;
    return this.revision;
  }

  liveKeys(a: { readonly key: string; readonly end?: string }, revision = Infinity): Kv[] {
    const inRange = (key: string): boolean => {
      if (a.end === undefined || a.end === "") return key === a.key;
      return key >= a.key && (a.end === "\0" || key < a.end);
    };
    return [...this.keys.keys()]
      .filter(inRange)
      .sort()
      .map((key) => this.at(key, revision))
      .filter((kv) => kv !== null);
  }

  put(a: PutAsk): { readonly prev: Kv | null } | string {
    const refused = this.putFault(a);
    if (refused !== null) return refused;
    const prev = this.get(a.key);
    const mod = this.revision + 1;
    this.#write(a.key, {
      key: a.key,
      create: prev?.create ?? mod,
      mod,
      version: (prev?.version ?? 0) + 1,
      value: a.ignoreValue ? (prev?.value ?? "") : (a.value ?? ""),
      lease: a.ignoreLease ? (prev?.lease ?? 0) : Number(a.lease ?? 0),
    });
    return { prev: a.prevKv ? prev : null };
  }

  putFault(a: PutAsk): string | null {
    if (a.lease && !this.leases.has(Number(a.lease))) return NOT_FOUND;
    const isMissing = this.get(a.key) === null;
    return (a.ignoreValue || a.ignoreLease) && isMissing ? "etcdserver: key not found" : null;
  }

  delete(a: DeleteAsk): { readonly deleted: number; readonly prevs: readonly Kv[] } {
    const found = this.liveKeys(a);
    for (const { key } of found) this.#write(key, null);
    return { deleted: found.length, prevs: a.prevKv ? found : [] };
  }

  txn(a: TxnAsk): TxnAnswer | string {
    const path = this.#choose(a);
    const refused = this.#fault(path);
    return refused ?? this.#run(path);
  }

  compact(revision: number): string | null {
    if (revision <= this.compacted) return COMPACTED;
    if (revision > this.revision) return FUTURE;
    this.compacted = revision;
    return null;
  }

  revoke(id: number): string | null {
    if (!this.leases.delete(id)) return NOT_FOUND;
    for (const { key } of this.keysOf(id)) this.#write(key, null);
    this.commit();
    return null;
  }

  keysOf(lease: number): Kv[] {
    return this.liveKeys({ key: "\0", end: "\0" }).filter((kv) => kv.lease === lease);
  }

  range(a: RangeAsk): RangeAnswer | string {
    const refused = this.rangeFault(a);
    if (refused !== null) return refused;
    const revision = a.revision ? a.revision : Infinity;
    const live = this.liveKeys(a, revision);
    const count = live.length;
    if (a.countOnly) return { kvs: [], more: false, count };
    const limit = a.limit ?? 0;
    const hasFilter = Boolean(a.minMod || a.maxMod || a.minCreate || a.maxCreate);
    let kvs = limit > 0 && !a.order && !hasFilter ? live.slice(0, limit + 1) : live;
    kvs = kvs.filter(
      (kv) =>
        !(a.minMod && kv.mod < a.minMod) &&
        !(a.maxMod && kv.mod > a.maxMod) &&
        !(a.minCreate && kv.create < a.minCreate) &&
        !(a.maxCreate && kv.create > a.maxCreate),
    );
    kvs = sorted(kvs, a);
    const more = limit > 0 && kvs.length > limit;
    if (more) kvs = kvs.slice(0, limit);
    if (a.keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: "" }));
    return { kvs, more, count };
  }

  rangeFault(a: RangeAsk): string | null {
    const revision = a.revision ?? 0;
    if (revision > this.revision) return FUTURE;
    return revision > 0 && revision < this.compacted ? COMPACTED : null;
  }

  #write(key: string, kv: Kv | null): void {
    const mod = this.revision + 1;
    const prev = this.get(key);
    const written = this.keys.get(key) ?? [];
    this.keys.set(key, [...written, { mod, kv }]);
    const gone = { key, create: 0, mod, version: 0, value: "", lease: 0 };
    const type = kv === null ? "delete" : "put";
    this.history.push({ type, kv: kv ?? gone, prev, revision: mod });
    this.#changes++;
  }

  #choose(a: TxnAsk): Chosen {
    const succeeded = (a.compare ?? []).every((c) => this.#holds(c));
    const branch = (succeeded ? a.success : a.failure) ?? [];
    const ops = branch.map((op) => ("txn" in op ? { chosen: this.#choose(op.txn) } : op));
    return { succeeded, ops };
  }

  #fault(path: Chosen): string | null {
    for (const op of path.ops) {
      let fault: string | null = null;
      if ("chosen" in op) fault = this.#fault(op.chosen);
      else if ("range" in op) fault = this.rangeFault(op.range);
      else if ("put" in op) fault = this.putFault(op.put);
      if (fault !== null) return fault;
    }
    return null;
  }

  #run(path: Chosen): TxnAnswer {
    const responses = path.ops.map((op): OpAnswer => {
      if ("chosen" in op) {
        // The header of a nested transaction tells the revision in which it began.
        const revision = this.readRevision;
        return { txn: this.#run(op.chosen), revision };
      }
      if ("range" in op) {
        const range = this.range(op.range) as RangeAnswer;
        return { range, revision: this.readRevision };
      }
      if ("put" in op) {
        const answer = this.put(op.put) as { readonly prev: Kv | null };
        return { ...answer, revision: this.readRevision };
      }
      if (!("delete" in op)) throw new Error("an operation of no kind is never chosen");
      return { ...this.delete(op.delete), revision: this.readRevision };
    });
    return { succeeded: path.succeeded, responses };
  }

  #holds(c: CompareAsk): boolean {
    const found = this.liveKeys(c);
    const operand = c.operand ?? (c.target === 3 ? "" : 0);
    const decide = (a: number | string): boolean =>
      [a === operand, a > operand, a < operand, a !== operand][c.result] ?? true;
    if (found.length === 0) return c.target !== 3 && decide(0);
    return found.every((kv) =>
      decide([kv.version, kv.create, kv.mod, kv.value, kv.lease][c.target] ?? 0),
    );
  }
}

/** The length of an encoded mvccpb.KeyValue and the overhead that every version is charged with. */
function costOf(kv: Partial<Kv> & { readonly key: string }): number {
  const { key, create = 0, mod = 0, version = 0, value = "", lease = 0 } = kv;
  const numbers = [create, mod, version, lease].filter((n) => n !== 0);
  const text = [key, value].filter((t) => t !== "");
  return (
    message(...numbers.map((n) => [1, n] as const), ...text.map((t) => [1, t] as const)).length +
    128
  );
}

interface Chosen {
  readonly succeeded: boolean;
  readonly ops: readonly (OpAsk | { readonly chosen: Chosen })[];
}

function sorted(kvs: Kv[], a: RangeAsk): Kv[] {
  const of = (kv: Kv): number | string =>
    [kv.key, kv.version, kv.create, kv.mod, kv.value][a.target ?? 0] ?? "";
  const sign = a.order === 2 ? -1 : 1;
  const compare = (x: Kv, y: Kv): number => (of(x) < of(y) ? -sign : of(x) > of(y) ? sign : 0);
  return [...kvs].sort(compare);
}
