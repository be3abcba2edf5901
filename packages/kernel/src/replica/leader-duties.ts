import {
  type Bytes,
  configOf,
  decoded,
  type GroupId,
  type JournalSeq,
  type LogIndex,
  type LogState,
  type Machine,
  Malformed,
  membersOf,
  type Now,
  Reader,
  type Standing,
  type Ticks,
  Writer,
} from "../core/index.ts";
import { type Applier, bodyOfCheck } from "./applier.ts";
import { Calls } from "./calls.ts";
import { ReplicaKind, stampOf } from "./envelope.ts";
import { LogClock } from "./log-clock.ts";
import type { NodeOptions } from "./options.ts";
import type { Proposals } from "./proposals.ts";
import type { ReplicaPort } from "./replica-port.ts";
import { FrameKind } from "./wire.ts";

/**
 * What a leader does because time passed: ends leases, tells its followers the time, marks the log for comparison.
 * Each stands still where there is nothing to do, so that an idle group can sleep.
 */
export class LeaderDuties {
  readonly clock: LogClock;
  readonly #group: GroupId;
  readonly #options: NodeOptions;
  readonly #proposals: Proposals;
  readonly #port: ReplicaPort;
  readonly #calls: Calls;
  /** Where the last command of the machine's own may have come to stand; no other is made before it is applied. */
  #dueProposedAt: LogIndex | null = null;
  #logTimeAt: Ticks | null = null;
  #markAt: Ticks | null = null;
  #markedIndex = 0;

  constructor(group: GroupId, options: NodeOptions, proposals: Proposals, port: ReplicaPort) {
    this.#group = group;
    this.#options = options;
    this.#proposals = proposals;
    this.#port = port;
    this.#calls = new Calls(group, proposals, port);
    this.clock = new LogClock(options.rules.logTimeByTerm);
  }

  /** This replica leads from now on. Log time goes on from the last stamp in the log, applied or not. */
  begin(now: Now, state: LogState, standing: Standing, applier: Applier): void {
    if (this.#options.rules.logTimeGoesOn) this.clock.hear(lastStamp(state, applier));
    this.clock.lead(now.ticks, state.term, standing.termBefore);
    this.#logTimeAt = now.ticks;
    const { checkTicks } = this.#options;
    this.#markAt = checkTicks === 0 ? null : ((now.ticks + checkTicks) as Ticks);
    this.#dueProposedAt = null;
    this.#calls.begin();
  }

  end(now: Now): void {
    this.clock.follow(now.ticks);
  }

  /** A leader's word on log time. False for bytes that are none. */
  onLogTime(bytes: Bytes): boolean {
    const told = decoded(() => {
      const r = new Reader(bytes);
      return { at: r.uint(), term: r.uint() };
    });
    if (told instanceof Malformed) return false;
    if (this.#options.rules.logTimeGoesOn) this.clock.tell(told.term, told.at);
    return true;
  }

  /** What is due now. */
  perform(now: Now, state: LogState, standing: Standing, applier: Applier): void {
    this.clock.look(now.ticks);
    if (!hasBegun(state, standing)) return;
    const { machine } = applier;
    const time = this.clock.at(now.ticks);
    const due = this.#waitsForOwn ? null : machine.dueAt();
    const command = due !== null && due <= time ? machine.due(time) : null;
    if (command !== null) {
      this.#proposals.own(command.kind, command.body);
      this.#dueProposedAt = (state.log.lastIndex + 1) as LogIndex;
    }
    this.#calls.perform(machine, now);
    if (this.#logTimeAt !== null && now.ticks >= this.#logTimeAt)
      this.#tellTime(now, time, state, applier);
    if (this.#markAt === null) return;
    const grown = applier.index - this.#markedIndex >= this.#options.checkEntries;
    if (now.ticks >= this.#markAt || grown) this.#proposeMark(now, applier.index);
  }

  /** Null for who does not lead, or has not begun. */
  timeOf(now: Now, state: LogState, standing: Standing): number | null {
    return hasBegun(state, standing) ? this.clock.at(now.ticks) : null;
  }

  applied(applier: Applier): void {
    if (this.#options.rules.logTimeGoesOn) this.clock.hear(applier.time);
    if (this.#dueProposedAt !== null && applier.index >= this.#dueProposedAt)
      this.#dueProposedAt = null;
  }

  /** The log was marked: a leader puts its hash behind the mark, for all to compare. */
  marked(index: LogIndex, hash: bigint, leading: boolean): void {
    this.#markedIndex = index;
    if (leading) this.#proposals.own(ReplicaKind.check, bodyOfCheck(index, hash));
  }

  checked(appliedIndex: LogIndex): void {
    this.#markedIndex = Math.max(this.#markedIndex, appliedIndex);
  }

  /** A lease was granted since time was last told: it must be told again. */
  resumeTime(now: Now, machine: Machine): void {
    if (this.#logTimeAt === null && machine.dueAt() !== null) this.#logTimeAt = now.ticks;
  }

  /** When the next duty falls due, for one who leads. */
  wakeAt(state: LogState, standing: Standing, machine: Machine): Ticks | null {
    if (!hasBegun(state, standing)) return null;
    const due = this.#waitsForOwn ? null : machine.dueAt();
    const dueTick = due === null ? null : this.clock.tickOf(due);
    let least: Ticks | null = null;
    for (const at of [this.#logTimeAt, this.#markAt, dueTick, this.#calls.wakeAt])
      if (at !== null && (least === null || at < least)) least = at;
    return least;
  }

  /** A command of the machine's own is on its way, or held back until nobody caches what it changes. */
  get #waitsForOwn(): boolean {
    return this.#dueProposedAt !== null || this.#proposals.holdsOwn;
  }

  #tellTime(now: Now, time: number, state: LogState, { machine, sessions }: Applier): void {
    const measured = machine.dueAt() !== null || sessions.size > 0;
    this.#logTimeAt = measured ? ((now.ticks + this.#options.logTimeTicks) as Ticks) : null;
    if (!measured) return;
    const bytes = new Writer(16).uint(time).uint(state.term).take();
    for (const peer of membersOf(configOf(state))) {
      if (peer !== state.self)
        this.#port.send(peer, "control", this.#group, FrameKind.logTime, bytes, 0 as JournalSeq);
    }
  }

  #proposeMark(now: Now, appliedIndex: LogIndex): void {
    this.#markAt = (now.ticks + this.#options.checkTicks) as Ticks;
    // Nothing but the last mark and check since: an idle group is not woken by its own examination.
    if (appliedIndex <= this.#markedIndex + 2) return;
    this.#markedIndex = appliedIndex;
    this.#proposals.own(ReplicaKind.mark, new Uint8Array(0));
  }
}

/** A leader that has committed nothing in its term yet does not know where its log ends, and has no duties. */
const hasBegun = ({ commitIndex }: LogState, { termStart }: Standing): boolean =>
  termStart !== null && commitIndex >= termStart;

/** The log time of the last command in the log, applied or not. */
function lastStamp({ log }: LogState, applier: Applier): number {
  for (let index = log.lastIndex; index > log.base.index; index = (index - 1) as LogIndex) {
    const entry = log.at(index);
    if (entry?.kind === "command") return stampOf(entry.command);
  }
  return applier.time;
}
