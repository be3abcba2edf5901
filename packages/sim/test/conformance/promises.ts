import type { Form, FormName } from "./forms.ts";

/** What a log protocol may promise beside what all do. */
export type Promised =
  /** What was acknowledged outlives the loss of the leader. */
  | "outlivesLeader"
  /** No two replicas ever commit different entries at an index, whoever crashes. */
  | "agreesUnderCrashes"
  /** Writes go on while a minority is away. */
  | "writesWithoutOne"
  /** No reader above `local` misses what was acknowledged before it came. */
  | "missesNothing"
  /** A reader above `local` who can reach nobody waits, and is refused in the end. */
  | "readersWait"
  /** A leader that yields to nobody lets another lead. */
  | "standsBack"
  /** The members of a group can be changed. */
  | "changesMembers"
  /** A change of members is refused, with a reason. */
  | "refusesChanges"
  /** An idle group costs nothing. */
  | "sleeps";

type Reasons = Readonly<Partial<Record<Promised, string>>>;

const CHANGES: Reasons = { refusesChanges: "it changes its members" };
const FIXED: Reasons = {
  changesMembers: "its groups have the members that they were born with (contracts, members)",
};
const AWAKE: Reasons = {
  sleeps: "only Raft's heartbeats can be done without: its followers know that",
};
const APPOINTED: Reasons = {
  ...FIXED,
  ...AWAKE,
  standsBack:
    "whom group 0 appoints next is not its to say: it may be the same, in an epoch of its own",
};

const ASYNCHRONOUS: Reasons = {
  ...APPOINTED,
  outlivesLeader: "a write is acknowledged with one disk alone, its primary's (card 1)",
  agreesUnderCrashes: "what its primary alone had committed is replaced (card 63)",
  missesNothing: "what its primary alone had acknowledged is lost with it (card 1)",
};

/** What each form does not promise, and why. It is skipped by name, with this reason. */
const NOT_PROMISED: Readonly<Record<FormName, Reasons>> = {
  etcd: CHANGES,
  "etcd, leased": CHANGES,
  chubby: { ...CHANGES, ...AWAKE },
  "chubby, leased": { ...CHANGES, ...AWAKE },
  zookeeper: {
    ...FIXED,
    ...AWAKE,
    missesNothing:
      "ZooKeeper's sync is no quorum operation: a leader that is cut off answers for up to syncLimit (strictReads asks a quorum)",
  },
  "primary-sync": APPOINTED,
  "primary-sync, leased": APPOINTED,
  "primary-quorum": APPOINTED,
  mysql: {
    ...APPOINTED,
    agreesUnderCrashes:
      "with its one acknowledging secondary away it promotes whoever is left (card 63)",
    missesNothing:
      "whoever is promoted with too few heard may lack what was acknowledged (card 63)",
  },
  "primary-async": ASYNCHRONOUS,
  "primary-async, pulled": ASYNCHRONOUS,
  waro: {
    ...APPOINTED,
    writesWithoutOne: "a write waits for every replica, however long one is away (card 3)",
    readersWait:
      "any replica answers at once: nothing is acknowledged that it does not hold (card 3)",
  },
  chain: APPOINTED,
  craq: APPOINTED,
};

/** Why this form does not promise that; null: it does. */
export const exemption = (form: Pick<Form, "name">, promised: Promised): string | null =>
  NOT_PROMISED[form.name][promised] ?? null;
