import type {
  Bytes,
  GroupConfig,
  GroupId,
  JournalSeq,
  LogIndex,
  MachineFork,
  NodeId,
  Now,
  Ticks,
} from "../core/index.ts";
import {
  EqualState,
  encodeHashReport,
  encodeVerdict,
  type Judgement,
  type Verdict,
} from "./equal-state.ts";
import type { ReplicaPort } from "./replica-port.ts";
import type { ReplicaRules } from "./rules.ts";
import { FrameKind } from "./wire.ts";

/** How long a deviating replica waits before it asks for a snapshot again. */
const WANT_AGAIN_TICKS = 2000;

/** What a deviation means for the replica that it is found in. */
export interface DeviationHost {
  readonly self: NodeId;
  readonly group: GroupId;
  readonly leader: () => NodeId | null;
  readonly config: () => GroupConfig;
  readonly rules: ReplicaRules;
  /** Nobody is answered from this machine any more. */
  readonly stopServing: () => void;
  /** Somebody else is to lead. */
  readonly stepDown: () => void;
  readonly changed: () => void;
}

/**
 * A replica whose state differs from its group's stops serving at once and asks to be rebuilt (card 66): what it would
 * answer is wrong, while its votes and its log are sound. The leader hears all hashes and says who is right.
 */
export class Deviation {
  readonly #host: DeviationHost;
  readonly #port: ReplicaPort;
  readonly #equal = new EqualState();
  #quarantined = false;
  #readOnly = false;
  /** When to ask for a snapshot. Null: none is wanted. */
  #wantAt: Ticks | null = null;

  constructor(host: DeviationHost, port: ReplicaPort) {
    this.#host = host;
    this.#port = port;
  }

  get quarantined(): boolean {
    return this.#quarantined;
  }

  /** The group's replicas differ and no majority agrees (EQ-3). */
  get readOnly(): boolean {
    return this.#readOnly;
  }

  get wantAt(): Ticks | null {
    return this.#wantAt;
  }

  get auditing(): boolean {
    return this.#equal.auditing;
  }

  mark(index: LogIndex, hash: bigint, fork: MachineFork): void {
    this.#equal.mark(index, hash, fork);
  }

  /** The leader's hash at a mark. Who installed a snapshot beyond it cannot tell, and says nothing. */
  check(index: LogIndex, hash: bigint): void {
    const own = this.#equal.hashAt(index);
    if (own === null) return;
    const leader = this.#host.leader();
    if (leader === this.#host.self) this.#equal.collect(index, own);
    else if (leader !== null) this.#send(leader, FrameKind.hash, encodeHashReport(index, own));
    if (own !== hash) this.#quarantine(`hash ${own} at ${index}, the leader has ${hash}`);
  }

  /** Re-reads a slice of memory against the hash at the last mark. */
  audit(): void {
    if (this.#equal.auditing && !this.#equal.audit())
      this.#quarantine("memory differs from what was applied");
  }

  /**
   * A member could not make sense of a snapshot from here: the memory that it was taken from may be what is wrong. A group without writes
   * has no mark by which that would ever show, and its snapshots would be refused for ever.
   */
  refused(fork: () => MachineFork): void {
    if (!this.#quarantined) this.#equal.suspect(fork);
  }

  /** A member's hash, heard by the leader. */
  report(from: NodeId, index: LogIndex, hash: bigint): void {
    const { leader, self, config } = this.#host;
    if (leader() !== self) return;
    const judgement = this.#equal.report(from, index, hash, config(), self);
    if (judgement !== null) this.#judge(judgement);
  }

  /** What the leader decided about this replica. */
  verdict(verdict: Verdict): void {
    if (!this.#quarantined) return;
    if (verdict === "rebuild") {
      this.#wantAt ??= 0 as Ticks;
      return;
    }
    this.#quarantined = false;
    this.#wantAt = null;
    this.#host.changed();
  }

  /** Asks the leader for a snapshot, again and again until one has come; who leads itself, that another may. */
  askForSnapshot(now: Now, busy: boolean): void {
    if (this.#wantAt === null || now.ticks < this.#wantAt) return;
    this.#wantAt = (now.ticks + WANT_AGAIN_TICKS) as Ticks;
    const leader = this.#host.leader();
    if (leader === this.#host.self) this.#host.stepDown();
    if (leader === null || leader === this.#host.self || busy) return;
    this.#send(leader, FrameKind.snapshotWanted, new Uint8Array(0));
  }

  /** Another machine took the place of the one that deviated. */
  replaced(): void {
    this.#equal.release();
    this.#quarantined = false;
    this.#wantAt = null;
  }

  #judge(judgement: Judgement): void {
    switch (judgement.type) {
      case "Rebuild":
        for (const member of judgement.members) this.#tell(member, "rebuild");
        return;
      case "LeaderDeviates":
        for (const member of judgement.right) this.#tell(member, "right");
        this.#quarantine("the majority's hashes differ from the leader's");
        return;
      case "ReadOnly":
        this.#readOnly = true;
        this.#port.note("error", "group read-only", {
          group: this.#host.group,
          why: "replicas differ and no majority agrees",
        });
        this.#host.changed();
    }
  }

  #quarantine(why: string): void {
    if (this.#quarantined || !this.#host.rules.quarantineDeviating) return;
    this.#quarantined = true;
    this.#wantAt = 0 as Ticks;
    this.#port.note("error", "replica deviates", { group: this.#host.group, why });
    this.#host.stopServing();
    this.#host.changed();
  }

  #tell(member: NodeId, verdict: Verdict): void {
    this.#send(member, FrameKind.verdict, encodeVerdict(verdict));
  }

  #send(to: NodeId, kind: number, bytes: Bytes): void {
    this.#port.send(to, "control", this.#host.group, kind, bytes, 0 as JournalSeq);
  }
}
