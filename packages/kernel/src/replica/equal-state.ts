import {
  type Bytes,
  decoded,
  type GroupConfig,
  type LogIndex,
  logIndex,
  type MachineFork,
  Malformed,
  majority,
  type NodeId,
  Reader,
  Writer,
} from "../core/index.ts";

/** What the leader tells a replica whose hash it has compared. */
export type Verdict = "rebuild" | "right";
const VERDICTS: readonly Verdict[] = ["rebuild", "right"];

/** What follows from all hashes reported so far at one mark (card 66). */
export type Judgement =
  /** Those named deviate from a majority that the leader is part of. */
  | { readonly type: "Rebuild"; readonly members: readonly NodeId[] }
  /** A majority agrees with each other and not with the leader: the leader is the one that deviates. */
  | { readonly type: "LeaderDeviates"; readonly right: readonly NodeId[] }
  /** Everybody has answered and no majority agrees: nobody knows what is right, so nothing more is written. */
  | { readonly type: "ReadOnly" };

/** Elementary steps of an audit in one turn. */
const AUDIT_OPS = 4096;

/**
 * Equal state, proven while running (card 66): at a mark in the log each replica notes its hash and re-reads its own
 * memory against it; at the check that follows it compares with the leader's. The leader hears all hashes and judges.
 */
export class EqualState {
  #mark: { readonly index: LogIndex; readonly hash: bigint } | null = null;
  #audit: { readonly fork: MachineFork; cursor: bigint } | null = null;
  #reports: {
    readonly index: LogIndex;
    readonly own: bigint;
    readonly hashes: Map<NodeId, bigint>;
  } | null = null;

  /** Notes the hash at a mark and begins to audit the memory behind it. */
  mark(index: LogIndex, hash: bigint, fork: MachineFork): void {
    this.#mark = { index, hash };
    this.#audit?.fork.release();
    this.#audit = { fork, cursor: 0n };
  }

  /** Begins to audit the memory as it is now, unless it is being audited. The fork is released when that is over. */
  suspect(fork: () => MachineFork): void {
    this.#audit ??= { fork: fork(), cursor: 0n };
  }

  /** Our hash at that index, if we passed it: a replica that installed a snapshot beyond it cannot tell. */
  hashAt(index: LogIndex): bigint | null {
    return this.#mark?.index === index ? this.#mark.hash : null;
  }

  get auditing(): boolean {
    return this.#audit !== null;
  }

  /** Re-reads a slice of memory. False: a bit changed that no command changed. */
  audit(): boolean {
    if (this.#audit === null) return true;
    const { fork, cursor } = this.#audit;
    const step = fork.audit(cursor, AUDIT_OPS);
    if ("next" in step) {
      this.#audit.cursor = step.next;
      return true;
    }
    fork.release();
    this.#audit = null;
    return step.equal;
  }

  /** The leader begins to collect the others' hashes at the mark it has just checked. */
  collect(index: LogIndex, own: bigint): void {
    this.#reports = { index, own, hashes: new Map() };
  }

  /** A member's hash arrived: what follows, if that is clear by now. */
  report(
    from: NodeId,
    index: LogIndex,
    hash: bigint,
    config: GroupConfig,
    self: NodeId,
  ): Judgement | null {
    if (this.#reports === null || this.#reports.index !== index) return null;
    this.#reports.hashes.set(from, hash);
    return judge(this.#reports.own, this.#reports.hashes, config.voters, self);
  }

  release(): void {
    this.#audit?.fork.release();
    this.#audit = null;
  }
}

function judge(
  own: bigint,
  hashes: ReadonlyMap<NodeId, bigint>,
  voters: readonly NodeId[],
  self: NodeId,
): Judgement | null {
  const hashOf = (member: NodeId): bigint | undefined =>
    member === self ? own : hashes.get(member);
  const agreeing = (hash: bigint): readonly NodeId[] =>
    voters.filter((member) => hashOf(member) === hash);
  const deviating = [...hashes].filter(([, hash]) => hash !== own).map(([member]) => member);
  if (deviating.length === 0) return null;
  const needed = majority(voters.length);
  if (agreeing(own).length >= needed) return { type: "Rebuild", members: deviating };
  for (const hash of new Set(hashes.values())) {
    if (hash !== own && agreeing(hash).length >= needed)
      return { type: "LeaderDeviates", right: agreeing(hash) };
  }
  return voters.every((member) => hashOf(member) !== undefined) ? { type: "ReadOnly" } : null;
}

export const encodeHashReport = (index: LogIndex, hash: bigint): Bytes =>
  new Writer(16).uint(index).u64(hash).take();

export const decodeHashReport = (
  bytes: Bytes,
): { readonly index: LogIndex; readonly hash: bigint } | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    const report = { index: logIndex(r.uint()), hash: r.u64() };
    r.end();
    return report;
  });

export const encodeVerdict = (verdict: Verdict): Bytes =>
  new Writer(1).u8(VERDICTS.indexOf(verdict)).take();

export const decodeVerdict = (bytes: Bytes): Verdict | Malformed =>
  decoded(() => {
    const verdict = VERDICTS[new Reader(bytes).u8()];
    if (verdict === undefined) throw new Malformed("no such verdict");
    return verdict;
  });
