import { DEFAULT_KEYSPACE, groupId } from "@quorate/kernel/core";
import { EtcdMachine } from "@quorate/kernel/etcd";
import { readKey } from "../workload/clients.ts";
import { KEEPSAKE } from "../workload/keepsake.ts";
import { Dice } from "../world/dice.ts";
import { flipMemory as flip } from "../world/memory.ts";
import type { SimNode } from "../world/sim-node.ts";
import {
  again,
  bootLater,
  type FaultType,
  type Field,
  type KindOf,
  later,
  nodeOf,
  type Shape,
} from "./fault.ts";

/** Where on a disk, whatever its size then. */
const PLACES = 1 << 20;
/** With less a segment has hardly begun. */
const RECORDS_BYTES_MIN = 600;

const hangDisk: KindOf<"hangDisk"> = {
  family: "disk",
  lasts: [200, 6000],
  draw: (dice, { nodes }) => ({ type: "hangDisk", node: dice.below(nodes) }),
  strike(field, { node }, millis) {
    const victim = nodeOf(field, node);
    if (!victim.isUp) return;
    victim.hangDisk(millis * 1000);
    later(field, millis, () => {
      if (victim.disk.volatileBytes > 0) field.bite("hangDisk");
    });
  },
};

const slowDisk: KindOf<"slowDisk"> = {
  family: "disk",
  lasts: [1000, 8000],
  draw: (dice, { nodes }) => ({
    type: "slowDisk",
    node: dice.below(nodes),
    factor: dice.pick([5, 30, 200]),
  }),
  strike(field, { node, factor }, millis) {
    const { disk } = nodeOf(field, node);
    const before = disk.syncs;
    disk.slowness = factor;
    later(field, millis, () => {
      disk.slowness = 1;
      if (disk.syncs > before) field.bite("slowDisk");
    });
  },
};

const fullDisk: KindOf<"fullDisk"> = {
  family: "disk",
  lasts: [500, 5000],
  draw: (dice, { nodes }) => ({ type: "fullDisk", node: dice.below(nodes) }),
  strike(field, { node }, millis) {
    const victim = nodeOf(field, node);
    if (!victim.isUp) return;
    victim.space(millis % 2 === 0 ? "low" : "exhausted");
    field.bite("fullDisk");
    later(field, millis, () => victim.space("ample"));
  },
};

/** How soon whoever stands still is looked at again. */
const PAUSED_MILLIS = 1000;

const failSync: KindOf<"failSync"> = {
  family: "disk",
  lasts: [100, 3000],
  draw: (dice, { nodes }) => ({ type: "failSync", node: dice.below(nodes) }),
  strike(field, { node }, millis) {
    const victim = nodeOf(field, node);
    if (!victim.isUp) return;
    victim.failSync();
    field.excuse(victim);
    const mend = (): void => {
      victim.mendSync();
      // It halts when it hears of it, and that may be when it goes on.
      if (victim.isUp && victim.isPaused) return later(field, PAUSED_MILLIS, mend);
      if (!victim.isUp) field.bite("failSync");
      victim.boot();
    };
    later(field, millis, mend);
  },
};

const frailOf = (dice: Dice, { frail }: Shape): number | null =>
  frail.length === 0 ? null : dice.pick(frail);

/** What is durable is damaged while the node is down: it comes back soon and finds it. */
function damage(
  field: Field,
  type: FaultType,
  victim: SimNode,
  millis: number,
  strike: (provenBytes: number) => boolean,
): void {
  if (!victim.isUp || !isWhole(victim)) return;
  victim.crash(false);
  if (strike(victim.disk.provenBytes)) field.bite(type);
  bootLater(field, victim, millis);
}

/** One that is still being rebuilt loses nothing more: there is nothing left to lose. */
const isWhole = ({ kernel }: SimNode): boolean =>
  kernel?.groups.every((group) => kernel.replica(group)?.state.repairing === false) ?? false;

/** A place among the bytes of which a later mark proves that they were durable: beyond, damage looks like a torn write. */
const placeIn = (bytes: number, place: number): number => Math.floor((bytes * place) / PLACES);

const rotBit: KindOf<"rotBit"> = {
  family: "disk",
  lasts: [50, 2000],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    return node === null ? null : { type: "rotBit", node, place: dice.below(PLACES) };
  },
  strike(field, { node, place }, millis) {
    const victim = nodeOf(field, node);
    damage(field, "rotBit", victim, millis, (bytes) => {
      if (bytes < RECORDS_BYTES_MIN) return false;
      victim.disk.flipBit(placeIn(bytes, place));
      return true;
    });
  },
};

const badSectors: KindOf<"badSectors"> = {
  family: "disk",
  lasts: [50, 2000],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    if (node === null) return null;
    const bytes = dice.pick([512, 512, 4096, 65_536]);
    return { type: "badSectors", node, place: dice.below(PLACES), bytes };
  },
  strike(field, { node, place, bytes }, millis) {
    const victim = nodeOf(field, node);
    damage(field, "badSectors", victim, millis, (proven) => {
      if (proven < RECORDS_BYTES_MIN) return false;
      const from = placeIn(proven, place);
      victim.disk.spoil(from, Math.min(bytes, proven - from));
      return true;
    });
  },
};

const misdirect: KindOf<"misdirect"> = {
  family: "disk",
  lasts: [50, 2000],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    if (node === null) return null;
    return { type: "misdirect", node, place: dice.below(PLACES), other: dice.below(PLACES) };
  },
  strike(field, { node, place, other }, millis) {
    const victim = nodeOf(field, node);
    damage(field, "misdirect", victim, millis, (proven) => {
      const room = proven - 512;
      if (room < RECORDS_BYTES_MIN) return false;
      victim.disk.misdirect(placeIn(room, place), placeIn(room, other));
      return true;
    });
  },
};

const badCheckpoint: KindOf<"badCheckpoint"> = {
  family: "disk",
  lasts: [50, 2000],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    if (node === null) return null;
    return { type: "badCheckpoint", node, group: dice.below(2), both: dice.chance(500) };
  },
  strike(field, { node, group, both }, millis) {
    const victim = nodeOf(field, node);
    damage(field, "badCheckpoint", victim, millis, () =>
      victim.disk.spoilCheckpoints(groupId(group), both),
    );
  },
};

const spoilHeader: KindOf<"spoilHeader"> = {
  family: "disk",
  lasts: [50, 2000],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    return node === null ? null : { type: "spoilHeader", node, place: dice.below(PLACES) };
  },
  strike(field, { node, place }, millis) {
    const victim = nodeOf(field, node);
    damage(field, "spoilHeader", victim, millis, () => {
      victim.disk.spoilHeader(place);
      return true;
    });
  },
};

const loseSegment: KindOf<"loseSegment"> = {
  family: "disk",
  lasts: [50, 2000],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    return node === null ? null : { type: "loseSegment", node, place: dice.below(PLACES) };
  },
  strike(field, { node, place }, millis) {
    const victim = nodeOf(field, node);
    damage(field, "loseSegment", victim, millis, () => victim.disk.loseSegment(place));
  },
};

const loseJournal: KindOf<"loseJournal"> = {
  family: "disk",
  lasts: [50, 2000],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    return node === null ? null : { type: "loseJournal", node };
  },
  strike(field, { node }, millis) {
    const victim = nodeOf(field, node);
    damage(field, "loseJournal", victim, millis, () => {
      victim.disk.loseJournal();
      return true;
    });
  },
};

/** A leader is given so long to commit something before it loses its journal. */
const LED_MILLIS = [300, 3000] as const;
const ASK_MILLIS = 1000;
const LOOK_MILLIS = 20;

/**
 * A member gets the lead and loses its journal when it leads, again and again: of the others some may hold what it
 * committed, and none may know that it did.
 */
const loseLeader: KindOf<"loseLeader"> = {
  family: "disk",
  lasts: [5000, 20_000],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    return node === null ? null : { type: "loseLeader", node, luck: dice.below(1 << 30) };
  },
  strike(field, { node, luck }, millis) {
    const { world } = field;
    const dice = new Dice(BigInt(luck));
    const until = world.agenda.now + millis * 1000;
    const caller = { onReply: () => {}, onReadable: () => {} };
    const victim = nodeOf(field, node);
    const beat = (): void => {
      if (world.agenda.now >= until) return;
      const leader = world.leader();
      if (leader !== victim || !isWhole(victim)) {
        if (isWhole(victim)) leader?.moveLeader(caller, DEFAULT_KEYSPACE, victim.id, ASK_MILLIS);
        return again(field, ASK_MILLIS, beat);
      }
      again(field, dice.between(...LED_MILLIS), () => {
        if (world.leader() === victim)
          damage(field, "loseLeader", victim, dice.below(ASK_MILLIS), () => {
            victim.disk.loseJournal();
            return true;
          });
        again(field, LOOK_MILLIS, beat);
      });
    };
    beat();
  },
};

/** Whom each group of this node follows, in which term. */
const followed = ({ kernel }: SimNode): string =>
  (kernel?.groups ?? [])
    .map((group) => kernel?.replica(group))
    .map((replica) =>
      replica?.standing.role === "follower"
        ? `${replica.state.term} ${replica.standing.leader}`
        : "?",
    )
    .join();

/**
 * What is lost by a lie cannot be known, so nothing is promised of a member that forgets what it has acknowledged when
 * its leader is lost as well. It is promised while the leader stays, for then all that was acknowledged is there, and on
 * its way to the others. So it is the only fault of its run, and power fails only under a follower whose leaders stayed.
 */
const lieSync: KindOf<"lieSync"> = {
  family: "disk",
  lasts: [200, 4000],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    return node === null || !shape.calm ? null : { type: "lieSync", node };
  },
  strike(field, { node }, millis) {
    const victim = nodeOf(field, node);
    const before = followed(victim);
    // The term that it follows in must be on the disk before the lie begins (seed 3101064): who forgets a term may vote twice in it.
    const settled = victim.isUp && isWhole(victim) && victim.disk.volatileBytes === 0;
    if (!settled || before.includes("?")) return;
    victim.disk.lying = true;
    again(field, millis, () => {
      victim.disk.lying = false;
      if (followed(victim) !== before) return;
      if (victim.disk.volatileBytes > 0) field.bite("lieSync");
      victim.crash(true);
      bootLater(field, victim, 50);
    });
  },
};

const flipMemory: KindOf<"flipMemory"> = {
  family: "memory",
  lasts: [0, 0],
  draw(dice, shape) {
    const node = frailOf(dice, shape);
    return node === null ? null : { type: "flipMemory", node };
  },
  strike(field, { node }) {
    const view = nodeOf(field, node).kernel?.groupOf(DEFAULT_KEYSPACE)?.view;
    if (!(view instanceof EtcdMachine) || readKey(view, KEEPSAKE) === null) return;
    flip(view, KEEPSAKE);
    field.bite("flipMemory");
  },
};

/** What was durable is lost or altered, and is found to be: a member may repair itself then. */
export const DAMAGING: ReadonlySet<FaultType> = new Set([
  "rotBit",
  "badSectors",
  "misdirect",
  "badCheckpoint",
  "spoilHeader",
  "loseSegment",
  "loseJournal",
  "loseLeader",
  "lieSync",
  "flipMemory",
]);

export const DISK_FAULTS = {
  hangDisk,
  slowDisk,
  fullDisk,
  failSync,
  rotBit,
  badSectors,
  misdirect,
  badCheckpoint,
  spoilHeader,
  loseSegment,
  loseJournal,
  loseLeader,
  lieSync,
  flipMemory,
} as const;
