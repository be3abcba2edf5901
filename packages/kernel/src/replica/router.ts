import {
  type Acks,
  areEnough,
  type Bytes,
  type Call,
  DEFAULT_KEYSPACE,
  type Failure,
  fail,
  type GroupId,
  type JournalSeq,
  type KeyspaceId,
  type Machine,
  type NodeId,
  type Outcome,
  type ReadLevel,
  type RequestId,
  SYSTEM_GROUP,
  SYSTEM_KEYSPACE,
  succeed,
  type Ticks,
} from "../core/index.ts";
import {
  CACHES_VERSION,
  clusterVersionOf,
  encodeSystemCommand,
  type SystemCommand,
  SystemKind,
} from "../machines/system/index.ts";
import { encodeEnvelope } from "./envelope.ts";
import type { Groups } from "./groups.ts";
import { membershipReached } from "./membership.ts";
import type { NodeOptions } from "./options.ts";
import { type Pending, PendingRequests } from "./pending-requests.ts";
import type { Replica } from "./replica.ts";
import type { Identity, NodeInput } from "./seam.ts";
import { GROUP_SESSIONS_FROM, groupSession } from "./sessions.ts";
import { levelUnder } from "./terms.ts";
import type { Turn } from "./turn.ts";

/** Ids that the node draws for itself lie above those of its host. */
const OWN_IDS_FROM = 2 ** 51;
/** How long the node waits for an outcome of what it submits itself, before it submits it again. */
const OWN_DEADLINE_TICKS = 5000;
/** Of gRPC. */
const FAILED_PRECONDITION = 9;
/** Commands of the system keyspace that change the cluster's members. */
const MEMBERSHIP: readonly number[] = [
  SystemKind.addNode,
  SystemKind.removeNode,
  SystemKind.promoteNode,
];

/** A request of the usual kind. */
const REQUEST = { type: "request", membership: false, cached: null, to: null } as const;

type Requested = Extract<NodeInput, { type: "Request" }>;

type CacheRead = Extract<NodeInput, { type: "CacheRead" }>;

/** Brings each request to the group of its keyspace, and its outcome back to whoever waits for it. */
export class Router {
  readonly #identity: Identity;
  readonly #options: NodeOptions;
  readonly #groups: Groups;
  readonly #turn: Turn;
  readonly #pending = new PendingRequests();
  /** Calls between groups under way, one for each calling group at most. */
  readonly #calls = new Map<RequestId, (outcome: Outcome) => void>();
  #ownIds = OWN_IDS_FROM;
  #draining = false;

  constructor(identity: Identity, options: NodeOptions, groups: Groups, turn: Turn) {
    this.#identity = identity;
    this.#options = options;
    this.#groups = groups;
    this.#turn = turn;
  }

  /** How many wait for an outcome. */
  get pending(): number {
    return this.#pending.size;
  }

  get wakeAt(): Ticks | null {
    return this.#pending.wakeAt;
  }

  /** A number of the node's own, never used twice in this life of it. */
  nextId(): RequestId {
    return this.#ownIds++ as RequestId;
  }

  /** From now on new requests are refused. */
  drain(): void {
    this.#draining = true;
  }

  request({ id, keyspace, kind, body, deadline, session, acks }: Requested): void {
    if (session !== null && session.id >= GROUP_SESSIONS_FROM)
      return this.#reply(
        id,
        fail({ code: "Rejected", definite: true, status: 3, message: "a session id has 63 bits" }),
      );
    const limitBytes = this.#options.requestBytesMax;
    if (body.length > limitBytes)
      return this.#reply(id, fail({ code: "TooLarge", definite: true, limitBytes }));
    const replica = this.#admit(id, keyspace);
    if (replica === null) return;
    if (acks !== null) {
      if (!areEnough(replica.config, acks)) return this.#reply(id, fail(tooFew(replica, acks)));
      replica.acknowledgements.want(id, acks);
    }
    const membership = keyspace === SYSTEM_KEYSPACE && MEMBERSHIP.includes(kind);
    this.#expect(id, replica, deadline, { ...REQUEST, membership });
    this.#submit(replica, id, kind, body, deadline, session);
  }

  read(id: RequestId, keyspace: KeyspaceId, level: ReadLevel, deadline: Ticks): void {
    const replica = this.#admit(id, keyspace);
    if (replica === null) return;
    this.#expect(id, replica, deadline, { ...REQUEST, type: "read" });
    replica.read(id, levelUnder(this.#groups.readsOf(keyspace), level));
    this.#turn.touch(replica);
  }

  /** Where another node leads it is not asked on: a cache's stream goes where its leases are. */
  cacheRead({ id, keyspace, key, holder, deadline }: CacheRead): void {
    const replica = this.#admit(id, keyspace);
    if (replica === null) return;
    if (!replica.profile.caches) return this.#reply(id, fail(NO_CACHES));
    if (!replica.isLeader) {
      const { leader } = replica.standing;
      return this.#reply(id, fail({ code: "NotLeader", definite: true, leaderHint: leader }));
    }
    this.#expect(id, replica, deadline, { ...REQUEST, type: "read", cached: { key, holder } });
    replica.read(id, "readIndex");
    this.#turn.touch(replica);
  }

  returned({ keyspace, key, holder, recall }: Extract<NodeInput, { type: "Returned" }>): void {
    const replica = this.#groups.of(keyspace);
    if (replica === null) return;
    replica.caches.returned(key, holder, recall);
    this.#turn.touch(replica);
  }

  moveLeader(id: RequestId, keyspace: KeyspaceId, to: NodeId, deadline: Ticks): void {
    const replica = this.#groups.of(keyspace);
    if (replica === null)
      return this.#reply(id, fail({ code: "UnknownKeyspace", definite: true, keyspace }));
    this.#expect(id, replica, deadline, { ...REQUEST, type: "move", to });
    this.#turn.feed(replica, { type: "TransferLeadership", id, to });
    this.settleMoves(replica);
  }

  /** A command of the node itself, for group 0. Its outcome shows in the state, so nobody is told of it. */
  submitOwn(command: SystemCommand): void {
    const system = this.#groups.get(SYSTEM_GROUP);
    if (system === null) return;
    const { kind, body } = encodeSystemCommand(command);
    const id = this.nextId();
    const deadline = (this.#turn.now.ticks + OWN_DEADLINE_TICKS) as Ticks;
    this.#expect(id, system, deadline, REQUEST);
    this.#submit(system, id, kind, body, deadline, null);
  }

  /** A call from one group to another keyspace, under the caller's own session: repeated, it is applied once. */
  call(
    from: GroupId,
    { sequence, keyspace, kind, body }: Call,
    done: (outcome: Outcome) => void,
  ): void {
    const callee = this.#groups.of(keyspace);
    const caller = this.#groups.get(from);
    if (callee === null || caller === null)
      return done(fail({ code: "UnknownKeyspace", definite: true, keyspace }));
    const id = this.nextId();
    const deadline = (this.#turn.now.ticks + OWN_DEADLINE_TICKS) as Ticks;
    this.#calls.set(id, (outcome) => {
      done(outcome);
      this.#turn.touch(caller);
    });
    this.#expect(id, callee, deadline, REQUEST);
    this.#submit(callee, id, kind, body, deadline, { id: groupSession(from), sequence });
  }

  cancel(id: RequestId): void {
    const pending = this.#pending.get(id);
    this.#pending.end(id);
    if (pending !== null) this.#groups.get(pending.group)?.forget(id);
  }

  outcome(id: RequestId, outcome: Outcome, holders: number | null = null): void {
    const pending = this.#pending.get(id);
    if (pending === null) return;
    if (pending.membership && outcome.ok) {
      this.#pending.hold(id, outcome, this.#groups.system.membershipEpoch);
      return;
    }
    this.#pending.end(id);
    if (!outcome.ok) this.#groups.get(pending.group)?.acknowledgements.forget(id);
    const called = this.#calls.get(id);
    this.#calls.delete(id);
    if (called === undefined) this.#reply(id, outcome, holders);
    else called(outcome);
  }

  readable(id: RequestId, view: Machine, validUntil: Ticks | null): void {
    const pending = this.#pending.get(id);
    if (pending === null) return;
    this.#pending.end(id);
    const leaseTicks = this.#leaseOf(pending);
    this.#turn.ask({ type: "Readable", id, view, validUntil, leaseTicks });
  }

  /** Ends what has waited to its deadline. What may be in a log has an unknown outcome; all else did not happen. */
  expire(): void {
    const { ticks } = this.#turn.now;
    const overdue = this.#pending.overdue(ticks);
    if (overdue.length === 0) return;
    for (const id of overdue) {
      const pending = this.#pending.get(id);
      if (pending === null) continue;
      const replica = this.#groups.get(pending.group);
      const underWay = pending.type !== "read" && (replica?.isUnderWay(id) ?? false);
      const unknown = underWay || pending.membership || pending.type === "move";
      const waitedTicks = (ticks - pending.since) as Ticks;
      this.outcome(
        id,
        unknown
          ? fail({ code: "Timeout", definite: false, waitedTicks })
          : fail({ code: "NoLeader", definite: true }),
      );
      replica?.forget(id);
    }
  }

  /** The group is gone: what was asked of it ends, and what may have been in its log has an unknown outcome. */
  dropped({ group, keyspace }: Replica): void {
    for (const id of this.#pending.of(group)) {
      const pending = this.#pending.get(id);
      if (pending === null) continue;
      const waitedTicks = (this.#turn.now.ticks - pending.since) as Ticks;
      this.outcome(
        id,
        pending.type === "read"
          ? fail({ code: "UnknownKeyspace", definite: true, keyspace })
          : fail({ code: "Timeout", definite: false, waitedTicks }),
      );
    }
  }

  /** A member change is answered when group 0 and the default keyspace's group have the new members. */
  settleMembership(): void {
    if (!this.#pending.holds) return;
    const settled = this.#pending.settled((epoch) =>
      [this.#groups.get(SYSTEM_GROUP), this.#groups.of(DEFAULT_KEYSPACE)].every(
        (replica) =>
          replica === null ||
          this.#groups.isFixed(replica.group) ||
          membershipReached(replica.state, epoch),
      ),
    );
    for (const { id, outcome } of settled) this.#reply(id, outcome);
  }

  /** A transfer of leadership is answered when the new leader shows. */
  settleMoves(replica: Replica): void {
    for (const id of this.#pending.movesTo(replica.group, replica.standing.leader))
      this.outcome(id, succeed(new Uint8Array(0)));
  }

  /** The replica that serves this keyspace here; null when the request was refused at once. */
  #admit(id: RequestId, keyspace: KeyspaceId): Replica | null {
    const replica = this.#groups.of(keyspace);
    const refusal = this.#refusalOf(keyspace, replica);
    if (refusal !== null) this.#reply(id, fail(refusal));
    return refusal === null ? replica : null;
  }

  #refusalOf(keyspace: KeyspaceId, replica: Replica | null): Failure | null {
    if (this.#draining) return { code: "Stopped", definite: true };
    if (this.#pending.size >= this.#options.pendingMax)
      return { code: "Overloaded", definite: true, retryAfterTicks: 100 as Ticks };
    return replica !== null ? null : (this.#elsewhere(keyspace) ?? unknownKeyspace(keyspace));
  }

  /** The keyspace has its replicas on other members. */
  #elsewhere(keyspace: KeyspaceId): Failure | null {
    const { keyspaces, groups, nodes } = this.#groups.system;
    const known = keyspaces.get(keyspace);
    const group = known === undefined ? undefined : groups.get(known.group);
    if (known === undefined || group?.fixed !== true) return null;
    if (group.born.includes(this.#identity.node)) return null;
    const names = group.born.map((node) => nodes.get(node)?.name ?? String(node)).join(", ");
    const message = `this member holds no replica of the keyspace ${known.name}: ask ${names}`;
    return { code: "Rejected", definite: true, status: FAILED_PRECONDITION, message };
  }

  #expect(
    id: RequestId,
    { group }: Replica,
    deadline: Ticks,
    what: Omit<Pending, "group" | "since">,
  ): void {
    this.#pending.expect(id, deadline, { group, since: this.#turn.now.ticks, ...what });
  }

  #submit(
    replica: Replica,
    id: RequestId,
    kind: number,
    body: Bytes,
    deadline: Ticks,
    session: Requested["session"],
  ): void {
    const { node, start } = this.#identity;
    const deadlineTicks = Math.max(0, deadline - this.#turn.now.ticks);
    const head = { kind, node, start, request: id, deadlineTicks, at: 0, session };
    replica.proposals.submit(id, kind, encodeEnvelope({ ...head, body }));
    this.#turn.touch(replica);
  }

  /** A member of an earlier release may lead next, and would not wait for any lease: then there are none. */
  #leaseOf({ cached, group }: Pending): number | null {
    if (cached === null || clusterVersionOf(this.#groups.system) < CACHES_VERSION) return null;
    return this.#groups.get(group)?.grant(this.#turn.now, cached.key, cached.holder) ?? null;
  }

  #reply(id: RequestId, outcome: Outcome, holders: number | null = null): void {
    // Not after our own disk: a command is applied only when a majority's disks hold it.
    const after = 0 as JournalSeq;
    if (id < OWN_IDS_FROM) this.#turn.ask({ type: "Reply", id, outcome, holders, after });
  }
}

/** Refused before it is proposed: so many will never hold it. */
function tooFew({ config }: Replica, acks: Acks): Failure {
  const message = `quorate: ${acks} members were to hold the write, and ${config.voters.length} hold this keyspace`;
  return { code: "Rejected", definite: true, status: FAILED_PRECONDITION, message };
}

const NO_CACHES: Failure = {
  code: "Rejected",
  definite: true,
  status: FAILED_PRECONDITION,
  message: "this keyspace's profile grants no leases to caches: take etcd, or read without a cache",
};

/** A node that has just begun or joined does not know the keyspaces yet; the default one surely comes. */
export const unknownKeyspace = (keyspace: KeyspaceId): Failure =>
  keyspace === DEFAULT_KEYSPACE
    ? { code: "NoLeader", definite: true }
    : { code: "UnknownKeyspace", definite: true, keyspace };
