import {
  type Bytes,
  decoded,
  earliest,
  type GroupId,
  Malformed,
  type NodeId,
  type Now,
  type Office,
  type Petition,
  Reader,
  type StartId,
  SYSTEM_GROUP,
  type Ticks,
  Writer,
} from "../core/index.ts";
import {
  isFree,
  type SystemCommand,
  type SystemGroup,
  type SystemState,
} from "../machines/system/index.ts";
import { type Choice, choose, type Standpoint } from "./choice.ts";
import type { Groups } from "./groups.ts";
import type { NodeOptions } from "./options.ts";
import type { Replica } from "./replica.ts";
import type { Note } from "./replica-port.ts";
import { profileOf } from "./terms.ts";
import type { Turn } from "./turn.ts";

/** How often whoever misses its primary says how far it is, and whoever fills offices looks. */
const LOOK_TICKS = 100;
/** What was heard of a replica longer ago says nothing of it. */
const FRESH_TICKS = 1000;
/** As often a note says again why nobody is appointed. */
const REASON_TICKS = 10_000;
/** Requests for more time under way; older ones count as lost. */
const ASKED_MAX = 16;

export const encodeStandpoint = ({ epoch, lastIndex }: Standpoint): Bytes =>
  new Writer(16).uint(epoch).uint(lastIndex).take();

export const decodeStandpoint = (bytes: Bytes): Standpoint | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    const standpoint = { epoch: r.uint(), lastIndex: r.uint() };
    r.end();
    return standpoint;
  });

/** What offices have done by their node. */
export interface OfficesHost {
  readonly node: NodeId;
  readonly start: StartId;
  readonly groups: Groups;
  readonly options: NodeOptions;
  readonly isUp: (node: NodeId) => boolean;
  readonly turn: Turn;
  readonly submit: (command: SystemCommand) => void;
  readonly tell: (leader: NodeId, group: GroupId, standpoint: Bytes) => void;
  readonly note: (level: Note["level"], event: string, fields: Note["fields"]) => void;
}

interface Heard extends Standpoint {
  readonly at: Ticks;
}

type Wait = Extract<Choice, { type: "wait" }>;

/**
 * Primaries that are appointed (cards 5, 8). A node that holds offices asks group 0 for more time, and counts it from when it asked, so
 * that it stops before anybody else is appointed. Whoever misses its primary tells the leader of group 0 how far its log goes; that
 * leader, once the tenure is over by log time, appoints the one that is furthest. Costs nothing where no group has an office.
 */
export class Offices {
  readonly #host: OfficesHost;
  /** Groups with an office, as of the system state last seen. */
  #appointed: readonly SystemGroup[] = [];
  #seen: ReadonlyMap<GroupId, SystemGroup> | null = null;
  /** What each replica here was told. */
  readonly #told = new Map<
    GroupId,
    {
      readonly version: number;
      readonly until: Ticks | null;
      readonly replica: Replica;
      readonly inSync: readonly NodeId[];
    }
  >();
  /** When each request for more time was made. */
  readonly #asked = new Map<number, Ticks>();
  #serial = 0;
  #renewAt: Ticks | null = null;
  /** As a holder of offices this node may act so long. */
  #until: Ticks | null = null;
  #lookAt: Ticks | null = null;
  readonly #heard = new Map<GroupId, Map<NodeId, Heard>>();
  /** Since when each office is free, as the leader of group 0 sees it. */
  /** Of which version of an office, and behind which end of its holder's tenure. */
  readonly #freeSince = new Map<
    GroupId,
    { readonly version: number; readonly until: number; readonly at: Ticks }
  >();
  readonly #proposedAt = new Map<GroupId, Ticks>();
  readonly #saidAt = new Map<GroupId, Ticks>();

  constructor(host: OfficesHost) {
    this.#host = host;
  }

  get wakeAt(): Ticks | null {
    return earliest(this.#renewAt, this.#lookAt);
  }

  /** At the end of every turn. */
  run(now: Now): void {
    this.#follow(now.ticks);
    if (this.#appointed.length === 0) return;
    if (this.#renewAt !== null && now.ticks >= this.#renewAt) this.#renew(now.ticks);
    this.#configure();
    if (this.#lookAt !== null && now.ticks < this.#lookAt) return;
    const missing = this.#appointed.filter((group) => this.#misses(group));
    for (const group of missing) this.#report(group, now.ticks);
    for (const group of missing) this.#fill(group, now);
    this.#lookAt = (now.ticks + LOOK_TICKS) as Ticks;
  }

  /** Another node's word on how far its replica is. False for bytes that are none. */
  onStandpoint(from: NodeId, group: GroupId, bytes: Bytes, now: Ticks): boolean {
    const standpoint = decodeStandpoint(bytes);
    if (standpoint instanceof Malformed) return false;
    // Of anything else nothing is kept: peers may say what they like.
    const known = this.#host.groups.system.groups.get(group);
    if (known?.office != null && known.born.includes(from))
      this.#hear(from, group, standpoint, now);
    return true;
  }

  /** A primary's wish. Where the office is another by now nothing comes of it. */
  petition(group: GroupId, version: number, petition: Petition): void {
    this.#host.submit({ type: "petition", group, version, petition });
  }

  /** A group is gone. */
  forget(group: GroupId): void {
    this.#told.delete(group);
    this.#heard.delete(group);
    this.#freeSince.delete(group);
    this.#proposedAt.delete(group);
    this.#saidAt.delete(group);
  }

  #follow(now: Ticks): void {
    const { groups, node, start } = this.#host;
    const { system } = groups;
    if (system.groups !== this.#seen) {
      this.#seen = system.groups;
      this.#appointed = [...system.groups.values()].filter(({ office }) => office !== null);
      const holds = this.#appointed.some(({ office }) => office?.primary === node);
      if (!holds) this.#renewAt = null;
      else this.#renewAt ??= now;
      if (this.#appointed.length === 0) this.#lookAt = null;
    }
    if (this.#asked.size === 0) return;
    const tenure = system.tenures.get(node);
    if (tenure === undefined || tenure.start !== start) return;
    const asked = this.#asked.get(tenure.serial);
    if (asked === undefined) return;
    for (const serial of this.#asked.keys())
      if (serial <= tenure.serial) this.#asked.delete(serial);
    const until = (asked + this.#validTicks()) as Ticks;
    if (this.#until !== null && until <= this.#until) return;
    this.#until = until;
    // Deaf no more: it asks again in time, and not when it last thought that nobody hears.
    if (this.#renewAt !== null)
      this.#renewAt = earliest(this.#renewAt, (now + this.#renewTicks()) as Ticks);
  }

  #renewTicks(): number {
    return Math.floor(this.#host.options.tenureTicks / 4);
  }

  /**
   * Shorter than what group 0 grants, by the bound on the rates of two clocks, fast and slow: V(1 + 1/d) of true time is over before
   * T(1 − 1/d) is, with V = T(1 − 2/d). Counted from when it was asked for, which was before it was granted (card 7).
   */
  #validTicks(): number {
    const { tenureTicks, raft, officeRules } = this.#host.options;
    return officeRules.tenureWithinBound
      ? Math.floor(tenureTicks * (1 - 2 / raft.clockDriftDivisor))
      : Number.MAX_SAFE_INTEGER / 2;
  }

  #renew(now: Ticks): void {
    const { node, start, options, submit } = this.#host;
    this.#serial++;
    this.#asked.set(this.#serial, now);
    for (const serial of this.#asked.keys())
      if (serial <= this.#serial - ASKED_MAX) this.#asked.delete(serial);
    const { tenureTicks: millis } = options;
    submit({ type: "renewTenure", node, start, serial: this.#serial, millis });
    // One who asks and hears nothing, because it hears nobody, must not hold its offices for ever without being able to act.
    const deaf = this.#until !== null && now >= this.#until;
    this.#renewAt = (now + (deaf ? 3 * millis : this.#renewTicks())) as Ticks;
  }

  /** Tells the replicas here what has changed of their offices. */
  #configure(): void {
    const { groups, node, turn } = this.#host;
    for (const group of this.#appointed) {
      const replica = groups.get(group.group);
      const { office } = group;
      if (replica === null || office === null) continue;
      const until = office.primary === node ? this.#until : null;
      const told = this.#told.get(group.group);
      const same = told?.version === office.version && told.until === until;
      if (same && told.replica === replica) continue;
      if (office.primary === node) this.#alarm(group, office, told?.inSync ?? group.born);
      this.#told.set(group.group, {
        version: office.version,
        until,
        replica,
        inSync: office.inSync,
      });
      turn.feed(replica, { type: "Configure", office, until });
    }
  }

  /** Who holds what is acknowledged has changed: said once, by the primary's node (C2). */
  #alarm({ group, born }: SystemGroup, { inSync }: Office, before: readonly NodeId[]): void {
    const gone = before.filter((member) => !inSync.includes(member));
    const back = inSync.filter((member) => !before.includes(member));
    const fields = { group, inStep: inSync.length, replicas: born.length };
    if (gone.length > 0)
      this.#host.note("warn", "replicas out of step", { ...fields, gone: gone.join(",") });
    else if (back.length > 0)
      this.#host.note("info", "replicas in step again", { ...fields, back: back.join(",") });
  }

  /** Is there nobody in this office, as far as can be seen from here? */
  #misses({ group, office }: SystemGroup): boolean {
    const { node, isUp, groups } = this.#host;
    if (office === null) return false;
    if (office.primary === null) return true;
    if (office.primary === node) return false;
    return !isUp(office.primary) || groups.get(group)?.standing.leader === null;
  }

  #report({ group }: SystemGroup, now: Ticks): void {
    const { groups, node, tell } = this.#host;
    const replica = groups.get(group);
    const leader = groups.get(SYSTEM_GROUP)?.standing.leader ?? null;
    if (replica === null || leader === null || replica.state.repairing) return;
    if (replica.standing.unfit === true) return;
    const last = replica.standing.durable ?? replica.state.log.last;
    const standpoint = { epoch: last.epoch, lastIndex: last.index };
    if (leader === node) this.#hear(node, group, standpoint, now);
    else tell(leader, group, encodeStandpoint(standpoint));
  }

  #hear(from: NodeId, group: GroupId, standpoint: Standpoint, at: Ticks): void {
    const heard = this.#heard.get(group) ?? new Map<NodeId, Heard>();
    heard.set(from, { ...standpoint, at });
    this.#heard.set(group, heard);
  }

  /** By the leader of group 0, and nobody else: what it appoints is decided by the log. */
  #fill({ group, office, keyspace, born }: SystemGroup, now: Now): void {
    const { groups, options, isUp, submit, note } = this.#host;
    const system = groups.get(SYSTEM_GROUP);
    const time = system?.logTime(now) ?? null;
    if (office === null || time === null) return;
    const { waitOutTenure } = options.officeRules;
    if (waitOutTenure && !isFree(groups.system, office, time)) return;
    const free = this.#freedAt(group, groups.system, office, now.ticks);
    const proposed = this.#proposedAt.get(group);
    if (proposed !== undefined && now.ticks - proposed < FRESH_TICKS) return;
    const profile = profileOf(
      options.profiles,
      groups.system.keyspaces.get(keyspace)?.profile ?? "",
    );
    const rule = profile?.office;
    if (rule == null) return;
    const heard = [...(this.#heard.get(group) ?? [])].filter(
      ([member, { at }]) => born.includes(member) && at >= free && now.ticks - at < FRESH_TICKS,
    );
    const waitedTicks = now.ticks - free;
    const vacancy = { office, members: born, heard, isUp, waitedTicks };
    const choice = choose(rule, vacancy, options.officeRules);
    if (choice.type === "wait") {
      this.#say(group, choice, waitedTicks, now.ticks);
      return;
    }
    const { primary, unclean } = choice;
    this.#proposedAt.set(group, now.ticks);
    note("info", "primary appointed", { group, primary, unclean });
    submit({ type: "appoint", group, version: office.version, primary, unclean });
  }

  /** Since when the office has been free. Whoever has it may have come back in time, and have acted until another end of its tenure. */
  #freedAt(group: GroupId, { tenures }: SystemState, office: Office, now: Ticks): Ticks {
    const until = office.primary === null ? 0 : (tenures.get(office.primary)?.until ?? 0);
    const known = this.#freeSince.get(group);
    const same = known?.version === office.version && known.until === until;
    const at = same ? known.at : now;
    this.#freeSince.set(group, { version: office.version, until, at });
    return at;
  }

  /** Why there is no primary, once it has lasted: those who were not heard may have what was acknowledged (QP-5). */
  #say(group: GroupId, { heard, needed }: Wait, waitedTicks: number, now: Ticks): void {
    const said = this.#saidAt.get(group);
    if (waitedTicks < FRESH_TICKS || (said !== undefined && now - said < REASON_TICKS)) return;
    this.#saidAt.set(group, now);
    this.#host.note("warn", "no primary appointed: too few replicas are heard", {
      group,
      heard,
      needed,
    });
  }
}
