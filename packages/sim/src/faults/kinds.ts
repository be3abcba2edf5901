import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { AMBUSHES } from "./ambush.ts";
import { CLOCK_FAULTS } from "./clock.ts";
import { DISK_FAULTS } from "./disk.ts";
import { type Fault, type FaultKind, type FaultType, type KindOf, nodeOf } from "./fault.ts";
import { MEMBER_FAULTS } from "./members.ts";
import { NETWORK_FAULTS } from "./network.ts";
import { NODE_FAULTS } from "./node.ts";

const moveLeader: KindOf<"moveLeader"> = {
  family: "operator",
  lasts: [0, 0],
  draw: (dice, { nodes }) => (nodes < 2 ? null : { type: "moveLeader", node: dice.below(nodes) }),
  strike(field, { node }) {
    const leader = field.world.leader();
    const answer = {
      onReply: (outcome: { readonly ok: boolean }) => void (outcome.ok && field.bite("moveLeader")),
      onReadable: () => {},
    };
    leader?.moveLeader(answer, DEFAULT_KEYSPACE, nodeOf(field, node).id, 2000);
  },
};

const KINDS: { readonly [T in FaultType]: KindOf<T> } = {
  ...NODE_FAULTS,
  ...NETWORK_FAULTS,
  ...DISK_FAULTS,
  ...CLOCK_FAULTS,
  moveLeader,
  ...MEMBER_FAULTS,
  ...AMBUSHES,
};

/** What only aims draw: each waits for what the other faults of its aim bring about. */
const AIMED: readonly FaultType[] = [
  "farAway",
  "isolateRebuilder",
  "loseLeader",
  "replaceAgain",
  "splitChange",
];

/** The faults of the model that every run may draw (catalogue A1), by name. */
export const FAULT_TYPES: readonly FaultType[] = (Object.keys(KINDS) as FaultType[])
  .filter((type) => !AIMED.includes(type))
  .sort();

/** How faults of a type are drawn and made. */
export const kindOf = (type: FaultType): FaultKind<Fault> =>
  KINDS[type] as unknown as FaultKind<Fault>;

/** The types of a family, or the type of that name; null where there is neither. */
export function faultsNamed(name: string): readonly FaultType[] | null {
  if (name === "all") return FAULT_TYPES;
  if (name === "none") return [];
  const family = FAULT_TYPES.filter((type) => kindOf(type).family === name);
  if (family.length > 0) return family;
  const type = FAULT_TYPES.find((known) => known === name);
  return type === undefined ? null : [type];
}
