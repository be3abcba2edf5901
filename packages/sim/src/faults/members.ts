import { nodeId, type Outcome, SYSTEM_KEYSPACE } from "@quorate/kernel/core";
import { encodeSystemCommand, type SystemCommand } from "@quorate/kernel/replica";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import { again, type Field, type KindOf, nodeOf } from "./fault.ts";

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

export const MEMBER_FAULTS = { changeMembers, loseDisk } as const;

/**
 * Does every member that is not lost for good run, and know all others? One that was away for several changes may know
 * nobody any more who leads, and is heard by those only whom it knows.
 */
function isKnownToAll(world: World): boolean {
  const ids = world.memberIds();
  return world.members().every(({ id, kernel, hasStarted }) => {
    const known = kernel?.status().members ?? [];
    const isNew = hasStarted && kernel !== null && !known.some(({ node }) => node === id);
    if (!hasStarted || isNew) return true;
    return known.length === ids.size && known.every(({ node }) => ids.has(node));
  });
}

/** May one more be lost for good: has every group three voters, and nobody among them that burned down before? */
function hasVotersToSpare({ nodes }: World): boolean {
  const gone = nodes.filter(({ retired }) => retired).map(({ id }) => id);
  return nodes.every(({ kernel }) =>
    (kernel?.groups ?? []).every((group) => {
      const config = kernel?.replica(group)?.config;
      if (config === undefined) return true;
      const { voters, outgoing } = config;
      return outgoing === null && voters.length >= 3 && !voters.some((id) => gone.includes(id));
    }),
  );
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
  if (!may() || !isKnownToAll(world)) return again(field, AGAIN_MILLIS, next);
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
