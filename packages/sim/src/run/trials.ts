import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { putRequest } from "../workload/etcd-requests.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";

/** One thing that goes wrong in a cluster that is otherwise well, and what is promised then. */
export type Trial =
  /** One member is away, and comes back: a leader that all others heard meanwhile goes on to lead. */
  | "absence"
  /** The leader hears nobody, though all hear it: the others, who are a majority, go on. */
  | "deafness"
  /** The leader's disk takes writes and does not finish them: another one leads before long (RF-12). */
  | "hungDisk";

export const TRIALS: readonly Trial[] = ["absence", "deafness", "hungDisk"];

/** Longer than many elections take. */
const ABSENCE_MILLIS = 6000;
/**
 * What a majority without a fault needs, at most, to go on. Where primaries are appointed the tenure of the last one must run out first, by
 * the time of a group 0 that may have lost its leader with it, and whoever is missing be declared out of step.
 */
const PROGRESS_MILLIS = 10_000;
const CALM_MILLIS = 3000;

/** What was promised and did not come. Nothing is tried where there is nobody to spare. */
export function tryOut(world: World, trials: readonly Trial[]): readonly string[] {
  return trials.flatMap((trial) => {
    world.run(CALM_MILLIS);
    const leader = world.leader();
    if (leader === null) return ["nobody leads, though all is well"];
    const voters = leader.kernel?.groupOf(DEFAULT_KEYSPACE)?.config.voters ?? [];
    const here = world.members().filter(({ id }) => voters.includes(id));
    return here.length < 3 || here.length < voters.length ? [] : OUTCOMES[trial](world, leader);
  });
}

const OUTCOMES: Readonly<Record<Trial, (world: World, leader: SimNode) => readonly string[]>> = {
  absence(world, leader) {
    const away = othersOf(world, leader)[0] as SimNode;
    const before = termOf(leader);
    const leads = (): boolean => world.leader() === leader && termOf(leader) === before;
    const join = world.partition([away], othersOf(world, away));
    world.run(ABSENCE_MILLIS);
    const led = leads();
    join();
    if (!led) return [`${leader.name} lost its lead while ${away.name} alone was away`];
    world.run(CALM_MILLIS);
    return leads()
      ? []
      : [`${away.name} came back and deposed ${leader.name}, whom all others heard`];
  },

  deafness(world, leader) {
    const others = othersOf(world, leader);
    const join = world.partition(others, [leader], "forward");
    const writes = writing(world, others[0] as SimNode);
    world.until(() => writes.done > 0, PROGRESS_MILLIS);
    writes.stop();
    join();
    return writes.done > 0
      ? []
      : [`nothing was written in ${PROGRESS_MILLIS} ms, though only ${leader.name} hears nobody`];
  },

  hungDisk(world, leader) {
    leader.hangDisk(PROGRESS_MILLIS * 1000);
    const writes = writing(world, othersOf(world, leader)[0] as SimNode);
    const replaced = world.until(
      () => world.leader() !== leader && world.leader() !== null,
      PROGRESS_MILLIS - 1,
    );
    writes.stop();
    return replaced
      ? []
      : [`${leader.name} still leads, ${PROGRESS_MILLIS} ms after its disk began to hang`];
  },
};

/** Somebody writes at that node, again and again. */
function writing(world: World, node: SimNode): { readonly done: number; stop(): void } {
  const state = { done: 0, over: false };
  const attempt = (): void => {
    if (state.over) return;
    const caller = {
      onReply: (outcome: { readonly ok: boolean }) => void (outcome.ok && state.done++),
      onReadable: () => {},
    };
    node.request(caller, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("trial", "x"), 1000);
    world.agenda.after(300_000, attempt);
  };
  attempt();
  return {
    get done() {
      return state.done;
    },
    stop: () => void (state.over = true),
  };
}

const othersOf = (world: World, node: SimNode): readonly SimNode[] =>
  world.members().filter((other) => other !== node);

const termOf = (node: SimNode): number => node.kernel?.groupOf(DEFAULT_KEYSPACE)?.term ?? -1;
