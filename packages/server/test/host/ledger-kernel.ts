import {
  type Bytes,
  groupId,
  type JournalSeq,
  journalSeq,
  keyspaceId,
  logIndex,
  type Machine,
  type Now,
  type RequestId,
  succeed,
  type Ticks,
} from "@quorate/kernel/core";
import type {
  GroupStatus,
  Identity,
  MemberStatus,
  NodeEffect,
  NodeInput,
  NodeKernel,
  NodeStatus,
  PeerAddress,
  RecoveredNode,
  Snapshot,
} from "@quorate/kernel/replica";
import { DEFAULT_OPTIONS } from "@quorate/kernel/replica";

function anyMachine(): Machine {
  const profile = DEFAULT_OPTIONS.profiles.get("etcd");
  if (profile === undefined) throw new RangeError("every release knows etcd");
  return profile.create();
}

/** Kinds of requests that a ledger understands; any other is written down and answered with its number. */
export const Ask = { checkpoint: 1, retain: 2, halt: 3, meet: 4, early: 5, silence: 6 } as const;

/**
 * The smallest node there is, a kernel for hosts to be tried on: every request is a line that is written to the
 * journal, sent to all peers, and answered when it is durable. It keeps its lines in memory and in checkpoints.
 */
export class LedgerKernel implements NodeKernel {
  readonly lines: Bytes[] = [];
  readonly heard: NodeInput[] = [];
  readonly turns: Now[] = [];
  released = 0;
  readonly recovered: RecoveredNode;
  wake: Ticks | null = null;
  leading = false;
  voters = 1;
  /** What readers look at, and until when each of the next ones may; then there is no limit. */
  readonly view: Machine = anyMachine();
  readonly leases: Ticks[] = [];
  readonly #waiting = new Set<() => void>();
  #identity: Identity;
  #seq: JournalSeq;
  #peers: readonly PeerAddress[] = [];

  constructor(identity: Identity, recovered: RecoveredNode) {
    this.#identity = identity;
    this.recovered = recovered;
    this.#seq = recovered.lastSeq;
    let covered = 0;
    for (const checkpoint of recovered.checkpoints) {
      covered = checkpoint.covers;
      for (const chunk of checkpoint.chunks)
        for (const line of chunk) this.lines.push(Uint8Array.of(line));
    }
    for (const { seq, bytes } of recovered.records) if (seq > covered) this.lines.push(bytes);
  }

  turn(now: Now, inputs: readonly NodeInput[]): readonly NodeEffect[] {
    this.turns.push(now);
    this.heard.push(...inputs);
    for (const look of this.#waiting) look();
    return inputs.flatMap((input) => this.#answer(input));
  }

  /** The first input of that kind, heard already or yet to come. */
  hears(wanted: (input: NodeInput) => boolean): Promise<NodeInput> {
    return new Promise((resolve) => {
      const look = (): void => {
        const heard = this.heard.find(wanted);
        if (heard === undefined) return;
        this.#waiting.delete(look);
        resolve(heard);
      };
      this.#waiting.add(look);
      look();
    });
  }

  wakeAt(): Ticks | null {
    const { wake } = this;
    this.wake = null;
    return wake;
  }

  status(): NodeStatus {
    const member = (node: bigint): MemberStatus => ({
      node: this.#identity.node,
      name: String(node),
      peerAddress: "",
      clientAddresses: [],
      learner: false,
      space: "ample",
    });
    return {
      identity: this.#identity,
      clusterVersion: 1,
      members: Array.from({ length: this.voters }, (_, i) => member(BigInt(i))),
      keyspaces: [
        {
          keyspace: keyspaceId(1),
          name: "default",
          profile: "etcd",
          group: groupId(1),
          exposed: null,
          replicas: null,
        },
      ],
      groups: 1,
      pending: 0,
      counters: {},
    };
  }

  groupOf(): GroupStatus | null {
    const { node } = this.#identity;
    const voters = Array.from({ length: this.voters }, () => node);
    return {
      group: groupId(1),
      keyspace: keyspaceId(1),
      role: this.leading ? "leader" : "follower",
      leader: node,
      inStep: null,
      term: 1,
      commitIndex: logIndex(0),
      appliedIndex: logIndex(0),
      lastIndex: logIndex(0),
      config: { epoch: 1, voters, outgoing: null, learners: [] },
      recovered: true,
      serving: true,
      view: null,
    };
  }

  progress(): number | null {
    return null;
  }

  #answer(input: NodeInput): readonly NodeEffect[] {
    if (input.type === "Drain") this.leading = false;
    if (input.type === "Read") return this.#look(input.id);
    if (input.type === "Watch") return [{ type: "Watching", id: input.id, revision: 1 }];
    if (input.type !== "Request") return [];
    const { id, kind, body } = input;
    switch (kind) {
      case Ask.checkpoint:
        return [this.#checkpoint(), this.#reply(id, this.#seq)];
      case Ask.retain:
        return [{ type: "Retain", from: this.#seq }, this.#reply(id, this.#seq)];
      case Ask.halt:
        return [{ type: "Halt", reason: "it was asked to" }];
      case Ask.silence:
        return [];
      case Ask.meet:
        this.#peers = JSON.parse(Buffer.from(body).toString(), (key, value) =>
          key === "node" ? BigInt(value) : value,
        );
        return [{ type: "Peers", peers: this.#peers }, this.#reply(id, this.#seq)];
      case Ask.early:
        return [...this.#line(body), this.#reply(id, 0)];
      default:
        return [...this.#line(body), this.#reply(id, this.#seq)];
    }
  }

  #look(id: RequestId): readonly NodeEffect[] {
    const validUntil = this.leases.shift() ?? null;
    return [{ type: "Readable", id, view: this.view, validUntil, leaseTicks: null }];
  }

  #line(body: Bytes): readonly NodeEffect[] {
    this.#seq = journalSeq(this.#seq + 1);
    this.lines.push(body);
    const after = this.#seq;
    const frame = (to: PeerAddress): NodeEffect => ({
      type: "Frame",
      to: to.node,
      lane: "log",
      parts: [body],
      after,
    });
    return [
      { type: "Append", seq: after, group: groupId(1), kind: 9, parts: [body] },
      ...this.#peers.map(frame),
    ];
  }

  #reply(id: RequestId, after: number): NodeEffect {
    const outcome = succeed(new Uint8Array(0));
    return { type: "Reply", id, outcome, holders: null, after: journalSeq(after) };
  }

  #checkpoint(): NodeEffect {
    const lines = this.lines.map((line) => line[0] ?? 0);
    const from: Snapshot = {
      at: { epoch: 1, index: logIndex(lines.length) },
      hash: BigInt(lines.length),
      dump(cursor, bytesMax, out) {
        const at = Number(cursor);
        out.put(Uint8Array.from(lines.slice(at, at + bytesMax)));
        return at + bytesMax < lines.length ? BigInt(at + bytesMax) : null;
      },
      release: () => {
        this.released++;
      },
    };
    return { type: "Checkpoint", group: groupId(1), from, covers: this.#seq };
  }
}
