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

const majorityLoses = (replicas: number): readonly string[] => [
  `${lossesBorne(replicas)} of ${replicas} replicas may fail, or be cut off, and everything goes on; nothing that was acknowledged is lost`,
  "with more gone writes and linearizable reads wait and fail; what was acknowledged comes back with the majority",
  "a rack that holds a majority of the replicas takes the keyspace with it while it is down: spread the members",
  "on the smaller side of a cut there are serializable reads alone, as old as the cut",
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
};

/** Null for a profile that this release does not know. */
export function explain(profile: string, replicas: number): string | null {
  const known = EXPLANATIONS[profile];
  if (known === undefined) return null;
  const section = (title: string, lines: readonly string[]): string =>
    `${title}\n${lines.map((line) => `  - ${line}\n`).join("")}`;
  return [
    `${profile}: ${known.what}\n`,
    section("Promises", known.promises),
    section("Costs", known.costs(replicas - 1)),
    section("When something fails", known.loses(replicas)),
  ].join("\n");
}
