import type { AnyLogProtocol } from "@quorate/kernel/core";
import {
  DEFAULT_OPTIONS,
  type NodeOptions,
  type OfficeRule,
  PROFILE_NAMES,
  protocolOf,
} from "@quorate/kernel/replica";

/** A protocol in a form in which a keyspace may have it, as the product makes it. */
export interface Form {
  readonly name: FormName;
  /** How its leader is appointed; null where it is elected. */
  readonly office: OfficeRule | null;
  /** How many disks surely hold what was acknowledged. */
  readonly disks: (inSync: number, members: number) => number;
  readonly protocol: (bounds?: Bounds) => AnyLogProtocol;
}

/** Bounds that every protocol has, under whatever name. */
export interface Bounds {
  /** Commands that wait to be committed. */
  readonly writesMax: number;
  readonly readsMax: number;
}

/** The forms that can hold leases are here a second time, holding them. */
const LEASED = ["etcd", "chubby", "primary-sync"] as const;

/** Secondaries of the asynchronous one can ask for what is new instead of being sent it. */
const PULLED = "primary-async, pulled";
const PULL_MILLIS = 200;

export type FormName =
  | (typeof PROFILE_NAMES)[number]
  | `${(typeof LEASED)[number]}, leased`
  | typeof PULLED;

const NAMES: readonly FormName[] = [
  ...PROFILE_NAMES,
  ...LEASED.map((name) => `${name}, leased` as const),
  PULLED,
];

export const FORMS: readonly Form[] = NAMES.map((name) => formNamed(name));

/** With other options than the product's: a rule may be switched off. */
export function formNamed(name: FormName, options = DEFAULT_OPTIONS): Form {
  const [plain = name, otherwise] = name.split(", ");
  const found = DEFAULT_OPTIONS.profiles.get(plain);
  if (found === undefined) throw new RangeError(`no profile ${plain}`);
  const pull = otherwise === "pulled" ? PULL_MILLIS : null;
  const profile = { ...found, leased: otherwise === "leased", pull };
  const { office } = profile;
  return {
    name,
    office,
    disks: office?.holders ?? ((_, members) => Math.floor(members / 2) + 1),
    protocol: (bounds) =>
      protocolOf(bounds === undefined ? options : bounded(options, bounds), profile),
  };
}

function bounded(options: NodeOptions, { writesMax, readsMax }: Bounds): NodeOptions {
  const { raft, paxos, zab, primary, chain } = options;
  const log = { uncommittedEntriesMax: writesMax, readsMax };
  return {
    ...options,
    raft: { ...raft, ...log },
    paxos: { ...paxos, alpha: writesMax, readsMax },
    zab: { ...zab, ...log },
    primary: { ...primary, ...log },
    chain: { ...chain, ...log },
  };
}
