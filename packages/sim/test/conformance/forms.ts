import type { AnyLogProtocol } from "@quorate/kernel/core";
import {
  DEFAULT_OPTIONS,
  type NodeOptions,
  type OfficeRule,
  PROFILE_NAMES,
  type Profile,
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

export type FormName = (typeof PROFILE_NAMES)[number] | `${(typeof LEASED)[number]}, leased`;

export const FORMS: readonly Form[] = [
  ...PROFILE_NAMES.map((name) => formOf(name, profileNamed(name))),
  ...LEASED.map((name) => formOf(`${name}, leased`, { ...profileNamed(name), leased: true })),
];

function formOf(name: FormName, profile: Profile): Form {
  const { office } = profile;
  return {
    name,
    office,
    disks: office?.holders ?? ((_, members) => Math.floor(members / 2) + 1),
    protocol: (bounds) =>
      protocolOf(bounds === undefined ? DEFAULT_OPTIONS : bounded(bounds), profile),
  };
}

function bounded({ writesMax, readsMax }: Bounds): NodeOptions {
  const { raft, paxos, zab, primary, chain } = DEFAULT_OPTIONS;
  const log = { uncommittedEntriesMax: writesMax, readsMax };
  return {
    ...DEFAULT_OPTIONS,
    raft: { ...raft, ...log },
    paxos: { ...paxos, alpha: writesMax, readsMax },
    zab: { ...zab, ...log },
    primary: { ...primary, ...log },
    chain: { ...chain, ...log },
  };
}

function profileNamed(name: string): Profile {
  const profile = DEFAULT_OPTIONS.profiles.get(name);
  if (profile === undefined) throw new RangeError(`no profile ${name}`);
  return profile;
}
