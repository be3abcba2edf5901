import { DEFAULT_SETTINGS as CHAIN, chain } from "@quorate/kernel/chain";
import {
  type AnyLogProtocol,
  type GroupConfig,
  type Input,
  type NodeId,
  nodeId,
  type Office,
  type Ticks,
} from "@quorate/kernel/core";
import { DEFAULT_SETTINGS as PAXOS, paxos } from "@quorate/kernel/paxos";
import { DEFAULT_SETTINGS as PRIMARY, primary } from "@quorate/kernel/primary";
import { DEFAULT_SETTINGS as RAFT, raft } from "@quorate/kernel/raft";
import { DEFAULT_SETTINGS as ZAB, zab } from "@quorate/kernel/zab";
import { Stepper } from "../stepper/index.ts";

/** A way to order writes, as its messages are counted: one command at a time, nothing batched, nothing pipelined. */
export interface Way {
  readonly name: string;
  readonly protocol: AnyLogProtocol;
  /** Its primary is appointed, not elected. */
  readonly appointed: boolean;
  /** The figure of the textbooks, in messages for n other members. */
  readonly textbook: string;
  readonly why: string;
}

/** By then somebody leads, and all know it. */
const SETTLE_MILLIS = 20_000;

const ONE = { batchEntriesMax: 1, inflightMessagesMax: 1 };
const OWN = { ...PRIMARY, ...ONE, shrinkTicks: null, inSyncMin: 1 };

export const WAYS: readonly Way[] = [
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
    name: "quorum primary",
    protocol: primary({ ...OWN, acks: "majority", commitNotice: "ride" }),
    appointed: true,
    textbook: "2n",
    why: "update, ack: all are asked, a majority with the primary is waited for",
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

/** A group of a way, in which somebody leads. */
export interface Settled {
  readonly net: Stepper<never, never>;
  readonly members: readonly NodeId[];
  readonly leader: NodeId;
}

/** `watched`: the way's protocol, with whatever somebody wants to see of its steps. */
export function settled({ name, appointed }: Way, watched: AnyLogProtocol, size: number): Settled {
  const members = Array.from({ length: size }, (_, i) => nodeId(BigInt(i + 1)));
  const net = new Stepper<never, never>({
    protocol: watched as never,
    members,
    config: { epoch: 0, voters: members, outgoing: null, learners: [] } satisfies GroupConfig,
    seed: 9n,
  });
  if (appointed) appoint(net, members);
  net.run(SETTLE_MILLIS);
  const leader = members.find((member) => watched.standing(net.stateOf(member)).role === "leader");
  if (leader === undefined) throw new RangeError(`${name}: nobody leads`);
  return { net, members, leader };
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
