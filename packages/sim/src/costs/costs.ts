import { DEFAULT_CHAIN_SETTINGS as CHAIN, chain } from "@quorate/kernel/chain";
import {
  type AnyLogProtocol,
  type GroupConfig,
  type Input,
  type NodeId,
  nodeId,
  type Office,
  requestId,
  type Ticks,
} from "@quorate/kernel/core";
import { DEFAULT_SETTINGS as PAXOS, paxos } from "@quorate/kernel/paxos";
import { DEFAULT_PRIMARY_SETTINGS as PRIMARY, primary } from "@quorate/kernel/primary";
import { DEFAULT_SETTINGS as RAFT, raft } from "@quorate/kernel/raft";
import { DEFAULT_SETTINGS as ZAB, zab } from "@quorate/kernel/zab";
import { Stepper } from "../stepper/index.ts";

/** A way to order writes, as its messages are counted: one command at a time, nothing batched, nothing pipelined. */
interface Way {
  readonly name: string;
  readonly protocol: AnyLogProtocol;
  /** Its primary is appointed, not elected. */
  readonly appointed: boolean;
  /** The figure of the textbooks, in messages for n other members. */
  readonly textbook: string;
  readonly why: string;
}

/** What a write costs, on average over all that were made. */
export interface Cost {
  readonly name: string;
  /** Beside the one that orders. */
  readonly others: number;
  readonly messages: number;
  /** By type, most first. */
  readonly byType: readonly (readonly [type: string, count: number])[];
  /** Records made durable, over all members. */
  readonly syncs: number;
  /** Bytes of messages that leave whoever orders. */
  readonly bytesOut: number;
  readonly textbook: string;
  readonly why: string;
}

const WRITES = 100;
const COMMAND_BYTES = 100;
/** By then somebody leads, and all know it. */
const SETTLE_MILLIS = 20_000;

const ONE = { batchEntriesMax: 1, inflightMessagesMax: 1 };
const OWN = { ...PRIMARY, ...ONE, shrinkTicks: null, inSyncMin: 1 };

const WAYS: readonly Way[] = [
  {
    name: "asynchronous primary",
    protocol: primary({ ...OWN, acks: 0, commitNotice: "ride" }),
    appointed: true,
    textbook: "1n",
    why: "no write waits for an acknowledgement, but the window does: with one update under way each is acknowledged, with more of them one in half a window",
  },
  {
    name: "semi-synchronous primary, one secondary",
    protocol: primary({ ...OWN, acks: 1, commitNotice: "ride" }),
    appointed: true,
    textbook: "2n",
    why: "update, ack: all are asked, one is waited for",
  },
  {
    name: "synchronous primary",
    protocol: primary({ ...OWN, acks: "all", commitNotice: "ride" }),
    appointed: true,
    textbook: "2n",
    why: "update, ack",
  },
  {
    name: "write all, read one",
    protocol: primary({ ...OWN, acks: "all", reads: "any", commitNotice: "eager" }),
    appointed: true,
    textbook: "2n, 4n with a confirmation",
    why: "update, ack, and a notice that it is committed; nobody answers that, because a reader waits while anything in its log is not",
  },
  {
    name: "chain replication",
    protocol: chain({ ...CHAIN, ...ONE }),
    appointed: true,
    textbook: "2n",
    why: "an update down to the tail and its acknowledgement up to the head; the head sends one of them, however long the chain",
  },
  {
    name: "Multi-Paxos, decisions ride",
    protocol: paxos({ ...PAXOS, ...ONE, decisions: "ride" }),
    appointed: false,
    textbook: "2n",
    why: "accept, accepted; the decision is told with the next accept",
  },
  {
    name: "Multi-Paxos",
    protocol: paxos({ ...PAXOS, ...ONE, decisions: "eager" }),
    appointed: false,
    textbook: "4n",
    why: "accept, accepted, decided; the decision is not acknowledged, because nothing waits for that",
  },
  {
    name: "Multi-Paxos, explicit",
    protocol: paxos({ ...PAXOS, ...ONE, decisions: "acknowledged" }),
    appointed: false,
    textbook: "4n",
    why: "accept, accepted, decided, ack",
  },
  {
    name: "ZAB",
    protocol: zab({ ...ZAB, ...ONE }),
    appointed: false,
    textbook: "3n",
    why: "propose, ack, commit",
  },
  {
    name: "ZAB, explicit",
    protocol: zab({ ...ZAB, ...ONE, acknowledgeCommits: true }),
    appointed: false,
    textbook: "4n",
    why: "propose, ack, commit, and an ack of the commit",
  },
  {
    name: "Raft, commits ride",
    protocol: raft({ ...RAFT, ...ONE, quiesceTicks: 0, commitNotice: "ride" }),
    appointed: false,
    textbook: "2n",
    why: "append, reply; the commit is told with the next append or heartbeat",
  },
  {
    name: "Raft",
    protocol: raft({ ...RAFT, ...ONE, quiesceTicks: 0, commitNotice: "eager" }),
    appointed: false,
    textbook: "2n",
    why: "append, reply, and a commit notice that nobody answers, so that followers apply at once",
  },
];

/** Runs every protocol in explicit mode, and counts (catalogue F9). */
export const measureCosts = (sizes: readonly number[]): readonly Cost[] =>
  WAYS.flatMap((way) => sizes.map((size) => costOf(way, size)));

function costOf({ name, protocol, appointed, textbook, why }: Way, size: number): Cost {
  const members = Array.from({ length: size }, (_, i) => nodeId(BigInt(i + 1)));
  const counted = { syncs: 0, bytesOf: new Map<NodeId, number>() };
  const net = new Stepper<never, never>({
    protocol: counting(protocol, counted) as never,
    members,
    config: { epoch: 0, voters: members, outgoing: null, learners: [] } satisfies GroupConfig,
    seed: 9n,
  });
  if (appointed) appoint(net, members);
  net.run(SETTLE_MILLIS);
  const leader = members.find((member) => protocol.standing(net.stateOf(member)).role === "leader");
  if (leader === undefined) throw new RangeError(`${name}: nobody leads`);
  net.sent.clear();
  counted.syncs = 0;
  counted.bytesOf.clear();
  for (let i = 1; i <= WRITES; i++) {
    const command = new Uint8Array(COMMAND_BYTES);
    net.input(leader, { type: "Propose", commands: [{ id: requestId(i), command }] });
    net.deliver();
  }
  const byType = [...net.sent].sort(([, a], [, b]) => b - a);
  const total = byType.reduce((sum, [, count]) => sum + count, 0);
  return {
    name,
    others: size - 1,
    messages: total / WRITES,
    byType: byType.map(([type, count]) => [type, count / WRITES]),
    syncs: counted.syncs / WRITES,
    bytesOut: (counted.bytesOf.get(leader) ?? 0) / WRITES,
    textbook,
    why,
  };
}

/** The same protocol, with what it persists and sends counted. */
function counting(
  protocol: AnyLogProtocol,
  counted: { syncs: number; readonly bytesOf: Map<NodeId, number> },
): AnyLogProtocol {
  return {
    ...protocol,
    step: (state, now, inputs) => {
      const step = protocol.step(state, now, inputs);
      // A turn's records are one write and one sync.
      if (step[1].some(({ type }) => type === "Persist")) counted.syncs++;
      for (const effect of step[1]) {
        if (effect.type !== "Send") continue;
        const { self } = step[0];
        const bytes = protocol.encode(effect.message).length;
        counted.bytesOf.set(self, (counted.bytesOf.get(self) ?? 0) + bytes);
      }
      return step;
    },
  };
}

/** Group 0 is not here: the first member has the office, and keeps it. */
function appoint(net: Stepper<never, never>, members: readonly NodeId[]): void {
  const [primary = null] = members;
  const office: Office = { epoch: 1, version: 1, primary, inSync: members };
  for (const member of members) {
    const until = member === primary ? (Number.MAX_SAFE_INTEGER as Ticks) : null;
    net.input(member, { type: "Configure", office, until } satisfies Input<never>);
  }
}
