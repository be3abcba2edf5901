import { DEFAULT_KEYSPACE, nodeId, type Outcome, SYSTEM_KEYSPACE } from "@quorate/kernel/core";
import { encodeSystemCommand, type SystemCommand } from "@quorate/kernel/replica";
import { Dice } from "../world/dice.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import { again, type FaultType, type Field, type KindOf, nodeOf } from "./fault.ts";

/** Nobody is let in while so many are there. */
const UP_MAX = 7;
/** How long an operator waits for an answer, and then until it asks again. */
const PATIENCE_MILLIS = 2000;
const AGAIN_MILLIS = 500;
/** Attempts at one change: it may have become impossible. */
const ATTEMPTS_MAX = 8;

/** An operator changes who belongs to the cluster, one command after the other, whatever else goes on. */
const changeMembers: KindOf<"changeMembers"> = {
  family: "operator",
  lasts: [0, 400],
  draw: (dice, { nodes }) => ({
    type: "changeMembers",
    node: dice.below(nodes + 2),
    how: dice.pick(["add", "learner", "remove", "replace", "replace"]),
  }),
  strike(field, { node, how }, millis) {
    const victim = nodeOf(field, node);
    const done = (): void => field.bite("changeMembers");
    if (how === "remove") return remove(field, victim, done);
    add(field, how === "learner", (fresh) => {
      done();
      // The new one starts when the old one goes: often both changes are due at once, and the group makes them as one.
      again(field, how === "replace" ? millis : 0, () => fresh.boot());
      if (how === "replace") again(field, millis, () => remove(field, victim, done));
      if (how === "learner") again(field, 4 * millis, () => promote(field, fresh, done));
    });
  },
};

/** A machine burns down. Its operator removes the member and lets an empty one in, under another id. */
const loseDisk: KindOf<"loseDisk"> = {
  family: "disk",
  lasts: [0, 3000],
  draw: (dice, { nodes }) => (nodes < 3 ? null : { type: "loseDisk", node: dice.below(nodes) }),
  strike(field, { node }, millis) {
    const { world } = field;
    const victim = nodeOf(field, node);
    if (victim.retired || !hasVotersToSpare(world)) return;
    victim.retire();
    field.bite("loseDisk");
    again(field, millis, () => {
      remove(field, victim, () => add(field, false, (fresh) => fresh.boot()));
    });
  },
};

/** How often it is looked what there is to do next, and how long a command is given to be done. */
const LOOK_MILLIS = 20;
const DONE_MILLIS = 4000;

/**
 * Members are replaced one after the other: somebody is let in, and somebody removed soon after all have caught up.
 * A group whose leader promotes the one before it hears of the other's removal takes two steps, and else one joint step.
 */
const replaceAgain: KindOf<"replaceAgain"> = {
  family: "operator",
  lasts: [5000, 20_000],
  draw: (dice, { nodes }) =>
    nodes < 3 ? null : { type: "replaceAgain", luck: dice.below(1 << 30) },
  strike(field, { luck }, millis) {
    const { world } = field;
    const dice = new Dice(BigInt(luck));
    const until = world.agenda.now + millis * 1000;
    const size = world.members().length;
    let idleAt = 0;
    const restFor = (rest: number): void => void (idleAt = world.agenda.now + rest * 1000);
    const look = (): void => {
      if (world.agenda.now >= until) return;
      again(field, LOOK_MILLIS, look);
      const members = world.members();
      if (world.agenda.now < idleAt) return;
      if (members.length <= size) {
        restFor(DONE_MILLIS);
        add(field, false, (fresh) => {
          fresh.boot();
          restFor(0);
        });
      } else if (members.every(hasCaughtUp)) {
        restFor(DONE_MILLIS);
        again(field, dice.below(AGAIN_MILLIS), () =>
          remove(field, dice.pick(members), () => {
            field.bite("replaceAgain");
            restFor(dice.below(AGAIN_MILLIS));
          }),
        );
      }
    };
    look();
  },
};

const hasCaughtUp = ({ kernel }: SimNode): boolean =>
  (kernel?.groupOf(DEFAULT_KEYSPACE)?.appliedIndex ?? 0) > 0;

export const MEMBER_FAULTS = { changeMembers, loseDisk, replaceAgain } as const;

/** Faults that change who is a member. */
export const MEMBERSHIP_FAULTS: ReadonlySet<FaultType> = new Set(
  Object.keys(MEMBER_FAULTS) as (keyof typeof MEMBER_FAULTS)[],
);

/**
 * May one more be lost for good: has every group three voters, and nobody among them that burned down before? Only while
 * somebody leads and can tell: of nodes that are all down it would hold whatever they were.
 */
function hasVotersToSpare(world: World): boolean {
  const { nodes } = world;
  if (world.leader(SYSTEM_KEYSPACE) === null || world.leader() === null) return false;
  const gone = nodes.filter(({ retired }) => retired).map(({ id }) => id);
  return nodes.every(({ kernel }) => {
    const members = kernel?.status().members.map(({ node }) => node) ?? [];
    return (kernel?.groups ?? []).every((group) => {
      const config = kernel?.replica(group)?.config;
      if (config === undefined) return true;
      const { voters, outgoing } = config;
      // Whoever is leaving is as good as gone.
      const stay = voters.every((id) => members.includes(id) && !gone.includes(id));
      return outgoing === null && voters.length >= 3 && stay;
    });
  });
}

/** Asks the cluster to let an empty node in, which is then to be started, and knows who was there. */
function add(field: Field, learner: boolean, done: (fresh: SimNode) => void): void {
  const { world } = field;
  if (world.nodes.filter(({ isUp }) => isUp).length >= UP_MAX) return;
  const number = world.newNumber();
  const [node, name] = [nodeId(BigInt(number)), `n${number}`];
  const peerAddress = `${name}:2380`;
  submit(field, { type: "addNode", node, name: "", peerAddress, learner }, () => {
    const contacts = world.members().map((member) => ({
      node: member.id,
      name: member.name,
      peerAddress: `${member.name}:2380`,
    }));
    done(world.addNode(node, name, contacts));
  });
}

function remove(field: Field, victim: SimNode, done: () => void): void {
  field.excuse(victim);
  // The last but one of two may not go: its links end with its membership, and the other alone is no majority of both.
  const may = (): boolean => victim.retired || hasVotersToSpare(field.world);
  submit(field, { type: "removeNode", node: victim.id }, done, may);
}

const promote = (field: Field, node: SimNode, done: () => void): void =>
  submit(field, { type: "promoteNode", node: node.id }, done);

/** Asks until it is done, or has been refused too often; only while it may be. */
function submit(
  field: Field,
  command: SystemCommand,
  done: () => void,
  may: () => boolean = () => true,
  attempts = 0,
): void {
  const { world } = field;
  if (attempts >= ATTEMPTS_MAX) return;
  const next = (): void => submit(field, command, done, may, attempts + 1);
  if (!may()) return again(field, AGAIN_MILLIS, next);
  const node = world.leader(SYSTEM_KEYSPACE) ?? world.nodes.find(({ isUp }) => isUp);
  const { kind, body } = encodeSystemCommand(command);
  let answered = false;
  const answer = (ok: boolean): void => {
    if (answered) return;
    answered = true;
    if (ok && !field.over) done();
    else if (!ok) again(field, AGAIN_MILLIS, next);
  };
  const caller = { onReply: ({ ok }: Outcome) => answer(ok), onReadable: () => {} };
  node?.request(caller, SYSTEM_KEYSPACE, kind, body, PATIENCE_MILLIS);
  again(field, 2 * PATIENCE_MILLIS, () => answer(false));
}
