import {
  type Bytes,
  earliest,
  fail,
  type GroupId,
  type Input,
  type JournalSeq,
  Malformed,
  type NodeId,
  type Now,
  type Outcome,
  type RequestId,
  type Ticks,
} from "../core/index.ts";
import { Arrivals } from "./arrivals.ts";
import {
  BUNDLE_MAX,
  decodeEnvelope,
  encodeBundle,
  encodeEnvelope,
  ReplicaKind,
  stamp,
} from "./envelope.ts";
import { type Gate, type Held, HeldCommands, type Origin, type Queued } from "./held-commands.ts";
import type { Profile } from "./profiles.ts";
import type { Identity } from "./seam.ts";
import { TurnBudget } from "./turn-budget.ts";
import {
  encodeForward,
  encodeForwardRefused,
  type ForwardRefused,
  FrameKind,
  type Refusal,
} from "./wire.ts";

/** Envelopes of one forward frame; more make more frames. */
const FORWARD_BYTES_MAX = 1 << 20;
/** After a refusal the next leader needs a moment to be known; then the command is sent again. */
const RETRY_TICKS = 20;

/** Why the leader's node does not even propose a command. */
export type Obstacle =
  | { readonly type: "NoSpace" }
  | { readonly type: "Refused"; readonly status: number; readonly message: string };

export interface ProposalsPort {
  send(
    to: NodeId,
    lane: "log" | "control",
    group: GroupId,
    kind: number,
    bytes: Bytes,
    after: JournalSeq,
  ): void;
  outcome(id: RequestId, outcome: Outcome): void;
  nextId(): RequestId;
  isUp(node: NodeId): boolean;
  /** Asked at the leader, for a client's command. */
  obstacleTo(group: GroupId, kind: number, body: Bytes): Obstacle | null;
}

/**
 * Commands on their way into a group's log: proposed here where this node leads, else shipped in batches to the leader's
 * node. One is sent again only on a definite refusal: after silence it may have been appended, and its origin waits for
 * the deadline (contracts, Forwarding).
 */
export class Proposals {
  readonly #identity: Identity;
  readonly #group: GroupId;
  readonly #profile: Profile;
  readonly #port: ProposalsPort;
  /** Of this node's clients, not yet proposed or sent. Bounded by `pendingMax` of the node. */
  #queue: Queued[] = [];
  #own: Queued[] = [];
  /** Sent to that node, or proposed here, and not yet answered: kept for a refusal by whoever has it. */
  readonly #sent = new Map<RequestId, { readonly queued: Queued; readonly to: NodeId }>();
  /** From other nodes, by the id that the protocol knows them by; emptied within the turn. */
  readonly #forwarded = new Map<RequestId, Origin>();
  readonly #arrivals = new Arrivals();
  #arrived: Queued[] = [];
  /** Kept back by this node as the leader. */
  readonly #held: HeldCommands;
  /** Bundles proposed this turn: a refusal of one is a refusal of all in it. */
  readonly #bundles = new Map<RequestId, readonly Queued[]>();
  #refusals: { readonly to: NodeId; readonly refused: ForwardRefused }[] = [];
  #retryAt: Ticks | null = null;
  readonly #budget = new TurnBudget();
  #leftOver = false;

  constructor(
    identity: Identity,
    group: GroupId,
    profile: Profile,
    port: ProposalsPort,
    gate: Gate,
  ) {
    this.#held = new HeldCommands(gate);
    this.#identity = identity;
    this.#group = group;
    this.#profile = profile;
    this.#port = port;
  }

  /** At once where this turn left some over. */
  get wakeAt(): Ticks | null {
    return this.#leftOver ? (0 as Ticks) : earliest(this.#retryAt, this.#held.wakeAt);
  }

  /** Is a command of the machine's own kept back? Another is of no use before it has gone. */
  get holdsOwn(): boolean {
    return this.#held.hasOwn;
  }

  /** A command of this node's client. The envelope must be held by nobody else: it will be stamped. */
  submit(id: RequestId, kind: number, envelope: Bytes): void {
    this.#queue.push({ id, kind, envelope });
  }

  /** A command of the machine or the replica itself, which only a leader makes; nobody waits for it. */
  own(kind: number, body: Bytes): void {
    const { node, start } = this.#identity;
    const envelope = encodeEnvelope({
      kind,
      node,
      start,
      request: 0 as RequestId,
      deadlineTicks: 0,
      at: 0,
      session: null,
      body,
    });
    this.#own.push({ id: this.#port.nextId(), kind, envelope });
  }

  /** Envelopes from another node's clients: copied, because a receive chunk is never kept. */
  forwarded(from: NodeId, envelopes: readonly Bytes[]): void {
    for (const bytes of envelopes) {
      const envelope = bytes.slice();
      const opened = decodeEnvelope(envelope);
      if (opened instanceof Malformed) continue;
      const { node, start, request } = opened;
      if (!this.#arrivals.take(node, start, request)) continue;
      const id = this.#port.nextId();
      this.#forwarded.set(id, { from, start, request });
      if (opened.deadlineTicks === 0) this.#refuse(id, "Expired");
      else this.#arrived.push({ id, kind: opened.kind, envelope });
    }
  }

  /** That node appended nothing of these. A refusal that comes again says nothing of what was proposed elsewhere since. */
  refused(from: NodeId, m: ForwardRefused, now: Ticks): void {
    for (const id of m.ids) {
      const sent = this.#sent.get(id);
      if (sent === undefined || sent.to !== from) continue;
      this.#sent.delete(id);
      if (m.refusal === "NotLeader") this.#requeue(sent.queued, now);
      else this.#port.outcome(id, outcomeOf(m));
    }
  }

  /** The caller was answered, or went away. */
  forget(id: RequestId): void {
    if (this.#sent.delete(id) || this.#held.forget(id)) return;
    const at = this.#queue.findIndex((queued) => queued.id === id);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  /** True for a command that may be in a log: its outcome is unknown until it is applied. */
  isUnderWay(id: RequestId): boolean {
    return this.#sent.has(id);
  }

  leaderChanged(leader: NodeId | null): void {
    if (leader !== null) this.#retryAt = null;
  }

  /** What this turn proposes. Where another node leads it is shipped instead; where nobody does, it waits. */
  take(now: Now, leading: boolean, leader: NodeId | null, time: number): Input<unknown> | null {
    this.#sendRefusals();
    if (this.#bundles.size > 0) this.#bundles.clear();
    const freed = leading ? this.#freed(now) : this.#takeBack();
    if (this.#arrived.length + this.#queue.length + this.#own.length + freed.length === 0) {
      if (this.#forwarded.size > 0) this.#forwarded.clear();
      if (this.#retryAt !== null && now.ticks >= this.#retryAt) this.#retryAt = null;
      return null;
    }
    if (this.#arrived.length === 0) this.#forwarded.clear();
    for (const { id, origin } of freed)
      if (typeof origin !== "string") this.#forwarded.set(id, origin);
    const retrying = this.#retryAt !== null && now.ticks < this.#retryAt;
    const within = (queued: { readonly envelope: Bytes }): boolean =>
      this.#budget.take(now, queued.envelope.length);
    const [arrived, arrivedLater] = split(this.#arrived, within);
    const [queue, queuedLater] = retrying ? [[], this.#queue] : split(this.#queue, within);
    // To a leader that is gone nothing is sent: of what was, nobody would know, and it is too early for its successor.
    const reachable = leader !== null && (leading || this.#port.isUp(leader));
    if (!retrying) {
      this.#queue = reachable ? queuedLater : this.#queue;
      this.#retryAt = null;
    }
    this.#leftOver = arrivedLater.length > 0 || (!retrying && reachable && queuedLater.length > 0);
    const own = this.#own;
    this.#arrived = arrivedLater;
    this.#own = [];
    if (leading) {
      const of = (asker: Held["origin"] | "peer"): readonly Held[] =>
        freed.filter(({ origin }) => (typeof origin === "string" ? origin : "peer") === asker);
      const remote = this.#admitted([...of("peer"), ...this.#unheld(arrived, now)]);
      const local = this.#admitted([...of("client"), ...this.#unheld(queue, now)]);
      const mine = [...of("own"), ...own.filter((command) => this.#goes(command, "own", now))];
      // Now, not with the next turn: on a group that goes to sleep the next may be seconds away.
      this.#sendRefusals();
      return this.#propose([...remote, ...local], local, mine, time);
    }
    for (const { id } of arrived) this.#refuse(id, "NotLeader");
    this.#sendRefusals();
    if (reachable && leader !== this.#identity.node) this.#ship(leader, queue);
    return null;
  }

  /** The protocol refused a proposal for certain. True if it was one of ours to handle. */
  settle(id: RequestId, outcome: Outcome, now: Ticks): boolean {
    if (outcome.ok) return false;
    const bundle = this.#bundles.get(id);
    if (bundle !== undefined) {
      for (const part of bundle) this.settle(part.id, outcome, now);
      return true;
    }
    this.#held.refused(id);
    if (this.#forwarded.has(id)) {
      this.#refuse(id, outcome.code === "Overloaded" ? "Overloaded" : "NotLeader");
      return true;
    }
    const sent = this.#sent.get(id);
    if (sent === undefined) return false;
    this.#sent.delete(id);
    if (outcome.code === "NotLeader") this.#requeue(sent.queued, now);
    else this.#port.outcome(id, outcome);
    return true;
  }

  /** Its own last: a lease whose end and renewal meet in one turn, as after a standstill, is renewed. */
  #propose(
    clients: readonly Queued[],
    local: readonly Queued[],
    own: readonly Queued[],
    time: number,
  ): Input<unknown> | null {
    if (clients.length + own.length === 0) return null;
    const to = this.#identity.node;
    for (const queued of local) this.#sent.set(queued.id, { queued, to });
    for (const { envelope } of clients) stamp(envelope, time);
    for (const { envelope } of own) stamp(envelope, time);
    const commands = [...this.#bundled(clients, time), ...own];
    return {
      type: "Propose",
      commands: commands.map(({ id, envelope }) => ({ id, command: envelope })),
    };
  }

  /** All renewals of a turn become one entry: a node with 100,000 leases would otherwise write an entry for each. */
  #bundled(commands: readonly Queued[], time: number): readonly Queued[] {
    const renewals = commands.filter(({ kind }) => this.#profile.renewals.has(kind));
    if (renewals.length < 2) return commands;
    const bundles: Queued[] = [];
    for (let i = 0; i < renewals.length; i += BUNDLE_MAX) {
      const parts = renewals.slice(i, i + BUNDLE_MAX);
      const body = encodeBundle(parts.map(({ envelope }) => envelope));
      const { node, start } = this.#identity;
      const request = 0 as RequestId;
      const envelope = encodeEnvelope({
        kind: ReplicaKind.bundle,
        node,
        start,
        request,
        deadlineTicks: 0,
        at: time,
        session: null,
        body,
      });
      const id = this.#port.nextId();
      this.#bundles.set(id, parts);
      bundles.push({ id, kind: ReplicaKind.bundle, envelope });
    }
    return [...commands.filter(({ kind }) => !this.#profile.renewals.has(kind)), ...bundles];
  }

  #admitted(commands: readonly Queued[]): readonly Queued[] {
    return commands.filter(({ id, kind, envelope }) => {
      const obstacle = this.#port.obstacleTo(this.#group, kind, envelope);
      if (obstacle === null) return true;
      const refused: ForwardRefused = {
        refusal: obstacle.type,
        ids: [],
        status: obstacle.type === "Refused" ? obstacle.status : 0,
        message: obstacle.type === "Refused" ? obstacle.message : "",
      };
      if (this.#forwarded.has(id))
        this.#refuse(id, refused.refusal, refused.status, refused.message);
      else this.#port.outcome(id, outcomeOf(refused));
      return false;
    });
  }

  /** Without those that must wait. */
  #unheld(commands: readonly Queued[], now: Now): readonly Queued[] {
    return commands.filter((command) =>
      this.#goes(command, this.#forwarded.get(command.id) ?? "client", now),
    );
  }

  #goes(command: Queued, origin: Held["origin"], now: Now): boolean {
    const verdict = this.#held.ask(now, {
      ...command,
      origin,
      until: untilOf(command, origin, now),
    });
    if (verdict !== "refused") return verdict === "goes";
    if (typeof origin !== "string") this.#refuse(command.id, "Overloaded");
    else this.#port.outcome(command.id, outcomeOf(OVERLOADED));
    return false;
  }

  /** What was kept back and may go now. Of another node's what came too late is dropped: who asked has been told so by its own. */
  #freed(now: Now): readonly Held[] {
    for (const { id, origin } of this.#held.expired(now)) {
      if (typeof origin === "string") continue;
      this.#forwarded.set(id, origin);
      this.#refuse(id, "Expired");
    }
    return this.#held.freed(now);
  }

  /** Another leads, or nobody: what was kept back is given back, or sent on, as if it had just come. */
  #takeBack(): readonly Held[] {
    for (const held of this.#held.drain()) {
      if (held.origin === "own") continue;
      if (held.origin === "client") this.#queue.push(held);
      else {
        this.#forwarded.set(held.id, held.origin);
        this.#arrived.push(held);
      }
    }
    return [];
  }

  #ship(leader: NodeId, queue: readonly Queued[]): void {
    let batch: Bytes[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (batch.length > 0)
        this.#port.send(
          leader,
          "log",
          this.#group,
          FrameKind.forward,
          encodeForward(batch),
          0 as JournalSeq,
        );
      batch = [];
      bytes = 0;
    };
    for (const queued of queue) {
      this.#sent.set(queued.id, { queued, to: leader });
      if (bytes + queued.envelope.length > FORWARD_BYTES_MAX) flush();
      batch.push(queued.envelope);
      bytes += queued.envelope.length;
    }
    flush();
  }

  #requeue(queued: Queued, now: Ticks): void {
    this.#queue.push(queued);
    this.#retryAt = (now + RETRY_TICKS) as Ticks;
  }

  #refuse(id: RequestId, refusal: Refusal, status = 0, message = ""): void {
    const origin = this.#forwarded.get(id);
    if (origin === undefined) return;
    this.#forwarded.delete(id);
    this.#arrivals.forget(origin.from, origin.start, origin.request);
    this.#refusals.push({
      to: origin.from,
      refused: { refusal, ids: [origin.request], status, message },
    });
  }

  #sendRefusals(): void {
    if (this.#refusals.length === 0) return;
    for (const { to, refused } of this.#refusals) {
      const bytes = encodeForwardRefused(refused);
      this.#port.send(to, "control", this.#group, FrameKind.forwardRefused, bytes, 0 as JournalSeq);
    }
    this.#refusals = [];
  }
}

/** Of another node's command: what it said was left of its deadline, counted from now. */
function untilOf({ envelope }: Queued, origin: Held["origin"], now: Now): Ticks | null {
  if (typeof origin === "string") return null;
  const opened = decodeEnvelope(envelope);
  return opened instanceof Malformed ? null : ((now.ticks + opened.deadlineTicks) as Ticks);
}

const OVERLOADED: ForwardRefused = { refusal: "Overloaded", ids: [], status: 0, message: "" };

/** As many from the front as fit, and the rest. */
function split<T>(items: T[], fits: (item: T) => boolean): readonly [T[], T[]] {
  const end = items.findIndex((item) => !fits(item));
  return end < 0 ? [items, []] : [items.slice(0, end), items.slice(end)];
}

function outcomeOf({ refusal, status, message }: ForwardRefused): Outcome {
  switch (refusal) {
    case "NotLeader":
      return fail({ code: "NotLeader", definite: true, leaderHint: null });
    case "Overloaded":
      return fail({ code: "Overloaded", definite: true, retryAfterTicks: 100 as Ticks });
    case "NoSpace":
      return fail({ code: "NoSpace", definite: true });
    case "Expired":
      return fail({ code: "Expired", definite: true });
    case "Refused":
      return fail({ code: "Rejected", definite: true, status, message });
  }
}
