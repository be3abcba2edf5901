import type { NodeId } from "@quorate/kernel/core";
import { isRaft, type RaftState } from "@quorate/kernel/raft";
import { Dice } from "../world/dice.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import { again, type FaultType, type Field, type KindOf } from "./fault.ts";

/** How often it is looked whether the moment has come. */
const LOOK_MILLIS = 5;
/** How long a cut lasts, unless the next one ends it: long enough for the others to elect a leader of their own. */
const CUT_MILLIS = [1500, 4000] as const;
/** Of a thousand of the members that stay, those that a leader which is struck still reaches. */
const REACHED_PER_MILLE = 250;

/** Looks again and again, until the fault ends; the last cut ends with it. */
class Ambush {
  readonly dice: Dice;
  readonly #field: Field;
  readonly #type: FaultType;
  readonly #until: number;
  #heal = (): void => {};

  constructor(field: Field, type: FaultType, luck: number, millis: number) {
    this.#field = field;
    this.#type = type;
    this.dice = new Dice(BigInt(luck));
    this.#until = field.world.agenda.now + millis * 1000;
  }

  watch(look: (world: World) => void): void {
    const { world } = this.#field;
    if (world.agenda.now >= this.#until) return this.#heal();
    look(world);
    again(this.#field, LOOK_MILLIS, () => this.watch(look));
  }

  /** Cuts these off from all others; those before them come back. */
  cutOff(side: readonly SimNode[]): void {
    const { world } = this.#field;
    this.#heal();
    const heal = world.partition(
      side,
      world.nodes.filter((node) => !side.includes(node)),
    );
    this.#heal = heal;
    this.#field.bite(this.#type);
    again(this.#field, this.dice.between(...CUT_MILLIS), heal);
  }
}

/**
 * A leader begins to follow other voters: at once it is cut off from most of those who were voters before, and stays
 * together with those who come in.
 */
const splitChange: KindOf<"splitChange"> = {
  family: "network",
  lasts: [5000, 20_000],
  draw: (dice, { nodes }) =>
    nodes < 3 ? null : { type: "splitChange", luck: dice.below(1 << 30) },
  strike(field, { luck }, millis) {
    const ambush = new Ambush(field, "splitChange", luck, millis);
    const seen = new Set<string>();
    ambush.watch((world) => {
      for (const [leader, state] of statesOf(world)) {
        const voters = votersUnderWay(state);
        if (voters === null) continue;
        const change = `${leader.name} ${state.term} ${voters.now.join()}`;
        if (seen.has(change)) continue;
        seen.add(change);
        const comesIn = (id: NodeId): boolean =>
          voters.now.includes(id) && !voters.before.includes(id);
        const reaches = (node: SimNode): boolean =>
          node === leader || comesIn(node.id) || ambush.dice.chance(REACHED_PER_MILLE);
        ambush.cutOff(world.nodes.filter(reaches));
      }
    });
  },
};

/** A member that lost its log has some of it back: at once whoever rebuilds it is cut off. */
const isolateRebuilder: KindOf<"isolateRebuilder"> = {
  family: "network",
  lasts: [5000, 20_000],
  draw: (dice, { nodes }) =>
    nodes < 3 ? null : { type: "isolateRebuilder", luck: dice.below(1 << 30) },
  strike(field, { luck }, millis) {
    const ambush = new Ambush(field, "isolateRebuilder", luck, millis);
    const empty = new Set<string>();
    ambush.watch((world) => {
      for (const [node, state, group] of statesOf(world)) {
        const replica = `${node.name} ${group}`;
        if (state.commitIndex === 0) {
          if (state.repairing) empty.add(replica);
          continue;
        }
        if (!empty.delete(replica) || state.role.type !== "Follower") continue;
        const { leader } = state.role;
        const rebuilder = world.nodes.find(({ id }) => id === leader);
        if (rebuilder !== undefined) ambush.cutOff([rebuilder]);
      }
    });
  },
};

export const AMBUSHES = { splitChange, isolateRebuilder } as const;

/** Every Raft replica of every node that is up. */
function statesOf({
  nodes,
}: World): readonly (readonly [node: SimNode, state: RaftState, group: number])[] {
  return nodes.flatMap((node) =>
    (node.kernel?.groups ?? []).flatMap((group) => {
      const state = node.kernel?.replica(group)?.state;
      return state === undefined || !isRaft(state) ? [] : [[node, state, group] as const];
    }),
  );
}

/** The voters that a leader has begun to follow and not yet committed, and those before; null while there are none. */
function votersUnderWay({ role, configs, commitIndex }: RaftState): {
  readonly before: readonly NodeId[];
  readonly now: readonly NodeId[];
} | null {
  const [before, now] = configs.slice(-2);
  if (role.type !== "Leader" || before === undefined || now === undefined) return null;
  if (now.index <= commitIndex) return null;
  const voters = { before: before.config.voters, now: now.config.voters };
  return voters.before.join() === voters.now.join() ? null : voters;
}
