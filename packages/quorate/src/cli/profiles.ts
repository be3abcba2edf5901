import { parseTerms, type Terms } from "@quorate/kernel/replica";

/** What a profile is, in plain words; the same for every keyspace that has it, but for the number of its replicas. */
interface Explanation {
  readonly what: string;
  readonly promises: readonly string[];
  /** Per write, in a steady state, with `n` other replicas. */
  readonly costs: (others: number) => readonly string[];
  readonly loses: (replicas: number) => readonly string[];
}

const majorityOf = (replicas: number): number => Math.floor(replicas / 2) + 1;
const lossesBorne = (replicas: number): number => replicas - majorityOf(replicas);

const FIXED = "its members are those it was created with";

const majorityLoses = (replicas: number): readonly string[] => [
  `${lossesBorne(replicas)} of ${replicas} replicas may fail, or be cut off, and everything goes on; nothing that was acknowledged is lost`,
  "with more gone writes and linearizable reads wait and fail; what was acknowledged comes back with the majority",
  "a rack that holds a majority of the replicas takes the keyspace with it while it is down: spread the members",
  "on the smaller side of a cut there are serializable reads alone, as old as the cut",
];

const chainLoses = (replicas: number): readonly string[] => [
  `${Math.max(0, replicas - 2)} of ${replicas} replicas may fail one after the other, and all goes on; nothing that was acknowledged is lost while one that is in step is left`,
  "the head: writes and reads wait until its tenure is over (2 s) and the furthest of those in step has its office, and a second more until the old head is left out",
  "any other: writes, and reads that the tail is asked for, wait for a second until the chain goes on without it",
  "a disk that lies about its syncs: at the tail it may show readers what was true before",
  "the system keyspace without a majority: nobody is appointed and nobody left out; the head stops when its tenure ends",
];

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  etcd: {
    what: "Raft orders the writes; one leader, elected by a majority, proposes them (Ongaro and Ousterhout 2014).",
    promises: [
      "linearizable: a read sees every write that was acknowledged before it began, through any member",
      "a serializable read is answered by the member itself, and may be old",
      "members come and go while it serves",
    ],
    costs: (n) => [
      `a write: ${2 * n} messages with its answers (${n} more where commits are told at once), a sync at each of ${n + 1} replicas, of which a majority is waited for`,
      `a linearizable read: a round of ${2 * n} small messages, shared by all reads of a turn`,
    ],
    loses: majorityLoses,
  },
  chubby: {
    what: "Multi-Paxos orders the writes: one master holds one ballot for all slots (Lamport 1998; Chandra, Griesemer and Redstone 2007).",
    promises: [
      "linearizable, as etcd's profile: reads ask a majority whether the ballot still holds",
      "a serializable read is answered by the member itself, and may be old",
      "members come and go while it serves: other voters count a window of slots after they were chosen, which no-ops fill",
    ],
    costs: (n) => [
      `a write: ${3 * n} messages (accept, accepted, decided), a sync at each of ${n + 1} replicas, of which a majority is waited for`,
      `a linearizable read: a round of ${2 * n} small messages, shared by all reads of a turn`,
    ],
    loses: majorityLoses,
  },
  zookeeper: {
    what: "ZAB orders the writes: discovery, synchronisation, broadcast (Junqueira, Reed and Serafini 2011).",
    promises: [
      "writes and comparisons are linearizable; a client's own writes are in its order",
      "a linearizable read is ZooKeeper's `sync` and a read: it goes through the leader, which asks no quorum, so one that was deposed without knowing may answer it with what was true before; a write before the read excludes that",
      FIXED,
    ],
    costs: (n) => [
      `a write: ${3 * n} messages (propose, ack, commit), a sync at each of ${n + 1} replicas, of which a majority is waited for`,
      "a read through the leader: 2 messages; a serializable read: none",
    ],
    loses: majorityLoses,
  },
  "primary-sync": {
    what: "An appointed primary sends every write to all secondaries that are in step, and acknowledges it when all of them hold it.",
    promises: [
      "linearizable: the primary answers reads, as long as its tenure lasts",
      "a secondary that is missing for a second is declared out of step by the system keyspace first, and the write goes on without it; it is back when it has caught up",
      "nobody is declared out of step while fewer than two would remain: then it is read-only until one more is back, and a primary appointed meanwhile does not read either",
      FIXED,
    ],
    costs: (n) => [
      `a write: ${2 * n} messages (update, ack), a sync at each of ${n + 1} replicas, all of which are waited for: the slowest decides`,
      "a read: none at the primary, 2 messages elsewhere",
    ],
    loses: (replicas) => [
      `${replicas - 1} of ${replicas} replicas may fail one after the other, and nothing that was acknowledged is lost; at once only those that the rest is in step without`,
      "the primary: writes and reads wait until its tenure is over (2 s) and the furthest of those in step has its office",
      "the system keyspace without a majority: nobody is appointed and nobody declared out of step; the primary stops when its tenure ends",
    ],
  },
  "primary-quorum": {
    what: "An appointed primary acknowledges a write when a majority of all replicas holds it; the next one is chosen by quorum: W replicas hold a write, so that of any N − W + 1 one does, and the furthest of them has all.",
    promises: [
      "linearizable: the primary answers reads, as long as its tenure lasts",
      "whoever is chosen brings W replicas to what it has before it serves anybody",
      "a write that never reached W replicas, and so was not acknowledged, may stay or vanish: with `--sync S` W is S + 1",
      FIXED,
    ],
    costs: (n) => [
      `a write: ${2 * n} messages (update, ack), a sync at each of ${n + 1} replicas; the primary and the quickest ${majorityOf(n + 1) - 1} are waited for`,
      "a read: none at the primary, 2 messages elsewhere",
    ],
    loses: (replicas) => [
      `${lossesBorne(replicas)} of ${replicas} replicas may fail, or be cut off, and everything goes on; nothing that was acknowledged is lost`,
      "the primary: writes and reads wait until its tenure is over (2 s) and the furthest of a majority has its office",
      "with too few in reach nobody is appointed, and the log of the system keyspace's leader says how many were heard of how many",
      "the system keyspace without a majority: nobody is appointed; the primary stops when its tenure ends",
    ],
  },
  chain: {
    what: "Chain replication: a write passes from an appointed head down the chain to the tail, which commits it (van Renesse and Schneider 2004).",
    promises: [
      "linearizable: the tail answers all reads, as long as the head lets it",
      "a replica that is missing for a second is left out of the chain, once the system keyspace has declared it out of step; it is back behind the tail when it has caught up",
      "nobody is left out while fewer than two would remain: writes and linearizable reads wait until one more is in reach",
      FIXED,
    ],
    costs: (n) => [
      `a write: ${2 * n} messages (update, ack), of which the head sends one; a sync at each of ${n + 1} replicas, one after the other: the latency is the sum of all`,
      "a read: none at the tail, 2 messages elsewhere",
    ],
    loses: chainLoses,
  },
  craq: {
    what: "Chain replication with apportioned queries: reads are answered by every member of the chain (CRAQ; Terrace and Freedman 2009).",
    promises: [
      "linearizable: a member with nothing uncommitted in its log answers by itself, as long as the head lets it; else it asks the tail",
      "a replica that is missing for a second is left out of the chain, once the system keyspace has declared it out of step; it is back behind the tail when it has caught up",
      "nobody is left out while fewer than two would remain: writes and linearizable reads wait until one more is in reach",
      FIXED,
    ],
    costs: (n) => [
      `a write: ${2 * n} messages (update, ack), of which the head sends one; a sync at each of ${n + 1} replicas, one after the other: the latency is the sum of all`,
      "a read: none; 2 messages at a member that has forwarded a write and not heard yet that it is committed",
    ],
    loses: chainLoses,
  },
  mysql: {
    what: "Semi-synchronous: an appointed primary acknowledges a write when one secondary holds it, too.",
    promises: [
      "linearizable while no primary is lost together with the secondaries that hold its last writes",
      "with no secondary in reach for ten seconds it falls to asynchronous, which `keyspace list` and the log show, and comes back when one has caught up",
      FIXED,
    ],
    costs: (n) => [
      `a write: ${2 * n} messages (update, ack), a sync at each of ${n + 1} replicas; the primary and the quickest secondary are waited for`,
    ],
    loses: () => [
      "one replica: nothing that was acknowledged",
      "the primary after it fell to asynchronous: what it acknowledged alone; the furthest secondary is promoted",
    ],
  },
  "primary-async": {
    what: "Asynchronous: an appointed primary acknowledges a write when its own disk holds it, and its secondaries follow.",
    promises: [
      "secondaries hold a prefix of the primary's log; one that was the primary and returns with more answers nobody but local readers until it was undone",
      "no more: an acknowledged write is lost with the primary if no secondary has it yet, but for one that asked for a majority (metadata `quorate-acks: majority`)",
      FIXED,
    ],
    costs: (n) => [
      `a write: ${n} messages and their answers, one sync waited for: the primary's own`,
    ],
    loses: () => [
      "a secondary: nothing",
      "the primary: the last writes it acknowledged; the furthest secondary is promoted after its tenure (2 s), and what the old primary has beyond is undone when it is back, once it is in a file (`keyspace lost`)",
    ],
  },
  waro: {
    what: "Write all, read one: a write is acknowledged when every replica holds it, and any replica answers a read.",
    promises: [
      "linearizable, with reads that cost no message and no sync at any member",
      "nobody is ever declared out of step: a write waits for whoever is missing",
      FIXED,
    ],
    costs: (n) => [
      `a write: ${2 * n} messages (update, ack) and ${n} notices, a sync at each of ${n + 1} replicas, all of which are waited for`,
      "a read: none; it waits while a write is under way",
    ],
    loses: (replicas) => [
      `any one of ${replicas} replicas: all writes, until it is back; reads go on at all others that have no write under way`,
      "the primary: writes, until it is back, whoever is appointed meanwhile: that one waits for it too",
    ],
  },
};

/** What was chosen otherwise for one keyspace, beside what its profile says. */
function chosen({ profile, sync, reads, loss, prefer, pull }: Terms): readonly string[] {
  const lines: string[] = [];
  if (sync !== null)
    lines.push(
      `a write is acknowledged when ${sync} ${sync === 1 ? "secondary holds" : "secondaries hold"} it beside the primary, instead of as many as the profile says: the primary and ${sync - 1} of them may be lost together`,
    );
  if (reads === "lease" && profile === "primary-sync")
    lines.push(
      "a secondary in step answers reads by itself, without a message, within a lease of 0.8 s that the primary renews; a write waits for the end of the lease of a secondary that is missing, once: linearizable as long as no two clocks run at rates further apart than a tenth",
    );
  else if (reads === "lease")
    lines.push(
      "the leader answers reads by itself, without a message, while a majority has promised to elect nobody else: linearizable as long as no two clocks run at rates further apart than a tenth",
    );
  if (reads === "local")
    lines.push(
      "every read, serializable or not, is answered by the member it was asked of, without a message, and may be old: reads are not linearizable; transactions are",
    );
  if (loss === "wait")
    lines.push(
      "where the primary may have acknowledged what nobody else in reach has, it is waited for: local reads go on, nothing else does; `keyspace set --loss promote` is the operator's word that the furthest is to take over",
    );
  if (loss === "promote")
    lines.push("a lost primary is not waited for: the furthest in reach is promoted");
  if (pull !== null)
    lines.push(
      `a secondary asks the primary for what is new every ${pull} ms, and is sent nothing before: two messages and their answers each time, however many writes there were; what a lost primary takes with it is up to ${pull} ms longer, and a write or a linearizable read through another member waits as long`,
    );
  if (prefer !== null)
    lines.push(
      `member ${prefer} is to lead: it is handed the lead, once, when it has been up and in step for five minutes and nothing else has changed for as long`,
    );
  return lines;
}

/** Null for a profile, or terms, that this release does not know. */
export function explain(profile: string, replicas: number): string | null {
  const terms = parseTerms(profile);
  const known = terms === null ? undefined : EXPLANATIONS[terms.profile];
  if (terms === null || known === undefined) return null;
  const otherwise = chosen(terms);
  const section = (title: string, lines: readonly string[]): string =>
    `${title}\n${lines.map((line) => `  - ${line}\n`).join("")}`;
  return [
    `${profile}: ${known.what}\n`,
    section("Promises", known.promises),
    ...(otherwise.length === 0 ? [] : [section("Chosen otherwise for this keyspace", otherwise)]),
    section("Costs", known.costs(replicas - 1)),
    section("When something fails", known.loses(replicas)),
  ].join("\n");
}
