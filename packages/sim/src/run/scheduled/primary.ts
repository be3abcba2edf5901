import type { GroupConfig, NodeId, Office, Ticks } from "@quorate/kernel/core";
import { requestId } from "@quorate/kernel/core";
import {
  ALL_RULES,
  DEFAULT_SETTINGS,
  type PrimaryMessage,
  type PrimaryRules,
  type PrimaryState,
  primary,
} from "@quorate/kernel/primary";
import { GroupObserver } from "../../observers/index.ts";
import { type Flight, idOf, type Name, primaryCluster, put, Stepper } from "../../stepper/index.ts";
import type { Schedules } from "./schedule.ts";

const NAMES = ["S1", "S2", "S3"] as const;
/** Longer than any schedule. */
const TENURE_TICKS = 1_000_000;

/** Three replicas under the synchronous protocol; the schedule is group 0, and says who is appointed and who is in step. */
class Appointed {
  readonly net: Stepper<PrimaryState, PrimaryMessage>;
  readonly #observer = new GroupObserver();
  readonly #violations: string[] = [];
  #version = 0;
  #requests = 0;

  constructor(rules: Partial<PrimaryRules>) {
    const members = NAMES.map(idOf);
    const config: GroupConfig = { epoch: 0, voters: members, outgoing: null, learners: [] };
    const protocol = primary({
      ...DEFAULT_SETTINGS,
      // The last one left goes on alone, and shows what it lacks.
      inSyncMin: 1,
      rules: { ...ALL_RULES, ...rules },
    });
    this.net = new Stepper({ protocol, members, config, seed: 1n });
    this.net.stepped = (_, state) => void this.#violations.push(...this.#observer.look(state));
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  /** Group 0 has decided it, and these hear of it. */
  office(
    epoch: number,
    holder: Name,
    inSync: readonly Name[],
    told: readonly Name[] = NAMES,
  ): this {
    const office: Office = {
      epoch,
      version: ++this.#version,
      primary: idOf(holder),
      inSync: inSync.map(idOf),
    };
    for (const name of told) this.net.input(idOf(name), { type: "Configure", office, until: null });
    // For how long it may act it hears when it has taken the office and asked.
    const until = (this.net.now.ticks + TENURE_TICKS) as Ticks;
    this.net.input(idOf(holder), { type: "Configure", office, until });
    return this;
  }

  propose(name: Name, value: string): this {
    const command = { id: requestId(++this.#requests), command: put("x", value) };
    this.net.input(idOf(name), { type: "Propose", commands: [command] });
    return this;
  }

  /** Messages between two arrive, and what follows from them; what is on its way to others stays there. */
  between(one: Name, other: Name, type?: PrimaryMessage["type"]): this {
    const pair: readonly NodeId[] = [idOf(one), idOf(other)];
    this.net.deliver(
      ({ from, to, message }) =>
        pair.includes(from) && pair.includes(to) && (type === undefined || message.type === type),
    );
    return this;
  }

  /** The next update on its way to this one. */
  update(to: Name): Flight<PrimaryMessage> {
    const found = this.net.flights.find(
      (flight) => flight.to === idOf(to) && flight.message.type === "Update",
    );
    if (found === undefined) throw new RangeError(`no update is on its way to ${to}`);
    return found;
  }

  crash(...names: readonly Name[]): this {
    for (const name of names) {
      this.net.crash(idOf(name));
      this.#observer.forget(idOf(name));
    }
    this.net.lose();
    return this;
  }

  /** All others are dead: this one, which group 0 takes for one of those in step, is appointed, and goes on alone. */
  left(name: Name, epoch: number): this {
    this.crash(...NAMES.filter((other) => other !== name));
    return this.office(epoch, name, NAMES, [name]).office(epoch, name, [name], [name]);
  }
}

/** S1 is the primary, and all are in step and have its first entry. */
function begun(rules: Partial<PrimaryRules>): Appointed {
  const c = new Appointed(rules).office(1, "S1", NAMES);
  c.net.deliver();
  return c;
}

/** S2 acknowledges what its disk does not hold, and loses it with the power. */
function acknowledgedAndLost(on: boolean): readonly string[] {
  const c = begun({ persistBeforeAck: on });
  c.net.holdSync(idOf("S2"));
  c.propose("S1", "a").net.deliver();
  c.crash("S2").net.restart(idOf("S2"));
  return c.left("S2", 2).violations;
}

/** What S1 sent before it gave its office away reaches S2 behind the first entry of S3, which S3 has committed. */
function lateUpdate(on: boolean): readonly string[] {
  const c = begun({ refuseOldEpochs: on }).propose("S1", "a");
  const late = c.update("S2");
  c.net.lose();
  c.office(2, "S3", NAMES).between("S3", "S1").between("S3", "S2", "Update");
  c.between("S3", "S2", "Ack").net.lose();
  c.net.arrive(late);
  return c.left("S2", 3).violations;
}

/** S3 is in step by the word of group 0, of which its primary has not heard yet. */
function grownUnheard(on: boolean): readonly string[] {
  const c = new Appointed({ growFirst: on }).office(1, "S1", ["S1", "S2"]);
  c.net.deliver();
  c.propose("S1", "a").between("S1", "S2");
  return c.left("S3", 2).violations;
}

/** S2 has acknowledged two entries, and the update with the first comes once more. */
function oldUpdateAgain(on: boolean): readonly string[] {
  const c = begun({ truncateOnlyOnConflict: on }).propose("S1", "a");
  const again = c.update("S2");
  c.propose("S1", "b");
  c.between("S1", "S2", "Update").between("S1", "S3", "Update");
  c.between("S1", "S3", "Ack").between("S1", "S2", "Ack").net.lose();
  c.net.arrive(again);
  return c.left("S2", 2).violations;
}

/** An asynchronous primary comes back with more than its group has, and hears from the next how far its readers may look. */
function readFromTail(on: boolean): readonly string[] {
  const c = primaryCluster({
    replicas: 3,
    seed: 8n,
    rules: { joinBeforeReads: on },
    settings: { acks: 0, shrinkTicks: null, inSyncMin: 1 },
  });
  c.appoint("S1", { millis: 1000 });
  c.net.deliver();
  c.propose("S1", "a", "b", "c");
  c.propose("S1", "d");
  c.net.lose();
  c.crash("S1");
  c.net.pass(1001);
  c.appoint("S2", { unclean: true });
  c.write("S2", "e").restart("S1").tell("S1").beat("S2");
  return c.read("S1") === null ? [] : [`Stale: S1 answers from ${c.appliedBy("S1").join()}`];
}

/** The primary gives its first entry away, dies before its disk knows of its epoch, and acts in it again. */
function forgottenEpoch(on: boolean): readonly string[] {
  const millis = 1000;
  const c = primaryCluster({ replicas: 3, seed: 8n, rules: { persistEpochFirst: on } });
  c.net.holdSync(idOf("S1"));
  c.appoint("S1", { millis });
  c.net.deliver();
  c.write("S1", "a").crash("S1").restart("S1");
  c.grant("S1", millis).tell();
  return c.write("S1", "b").violations;
}

/**
 * Raft's figure 8, where one secondary is waited for: S1 brings S3 to what it had in its first epoch, and not to the first entry of its
 * next; S2, which was primary between, is further by epoch, and one of two that are asked.
 */
function heldOfAnEarlierEpoch(on: boolean): readonly string[] {
  const millis = 1000;
  const c = primaryCluster({
    replicas: 3,
    seed: 8n,
    rules: { commitOwnEpochFirst: on },
    settings: { acks: 1, inSyncMin: 1, batchEntriesMax: 1 },
  });
  c.appoint("S1", { millis });
  c.net.deliver();
  c.propose("S1", "a");
  c.crash("S1")
    .net.lose()
    .pass(millis + 1);
  c.appoint("S2", { millis, told: ["S2"] });
  c.crash("S2")
    .net.lose()
    .pass(millis + 1);
  c.restart("S1").appoint("S1", { millis, told: ["S1", "S3"] });
  c.net.lose().wake(idOf("S1"));
  c.net.deliver(
    ({ message }) => message.type !== "Update" || message.entries.every(({ epoch }) => epoch === 1),
  );
  c.crash("S1")
    .net.lose()
    .pass(millis + 1);
  c.restart("S2").appoint("S2", { millis });
  return c.violations;
}

const TENURE_MILLIS = 60_000;

/**
 * S3 has lost its disk, and has its primary's snapshot again, which ends before what all had acknowledged: a primary knows of another's
 * commits only once its own first entry is committed.
 */
function rebuiltHeir(on: boolean): readonly string[] {
  const c = primaryCluster({ replicas: 3, seed: 5n, rules: { wholeBeforeOffice: on } });
  c.appoint("S1");
  c.net.deliver();
  c.write("S1", "a");
  c.propose("S1", "b");
  // No notice of the commit: on three disks, and acknowledged; nobody but the primary knows.
  c.net.deliver(({ message }) => message.type !== "Update" || message.entries.length > 0);
  c.crash("S1")
    .net.lose()
    .pass(TENURE_MILLIS + 1);
  c.crash("S3").repair("S3", 100).among("S2", "S3");
  c.appoint("S2", { told: ["S2", "S3"] });
  c.beat("S2").install();
  c.crash("S2")
    .net.lose()
    .pass(TENURE_MILLIS + 1);
  c.appoint("S3", { told: ["S3"] });
  c.net.deliver();
  return c.violations;
}

export const PRIMARY_SCHEDULES = {
  primaryWholeBeforeOffice: {
    why: "a disk must be lost between a write and the notice of its commit, and two primaries die before the one that lost it has it again",
    violations: rebuiltHeir,
  },
  primaryCommitOwnEpochFirst: {
    why: "two primaries must die with entries that nobody else has, and a third between what it found and its own first entry",
    violations: heldOfAnEarlierEpoch,
  },
  primaryJoinBeforeReads: {
    why: "what an asynchronous secondary shows is promised to nobody, and a synchronous one has joined before it is asked",
    violations: readFromTail,
  },
  primaryPersistBeforeAck: {
    why: "all others that hold an entry must be away while whoever lost it comes back and is appointed",
    violations: acknowledgedAndLost,
  },
  primaryRefuseOldEpochs: {
    why: "an update must be under way for longer than a change of primaries takes, and all who have what it replaces die",
    violations: lateUpdate,
  },
  primaryGrowFirst: {
    why: "a primary must die before it hears that its wish was granted, and all others in step with it",
    violations: grownUnheard,
  },
  primaryTruncateOnlyOnConflict: {
    why: "an update must come twice before it is committed, and all others in step die at once",
    violations: oldUpdateAgain,
  },
  primaryPersistEpochFirst: {
    why: "a primary must die before its disk knows of its epoch, with its first entry acknowledged, and be appointed in that very epoch again",
    violations: forgottenEpoch,
  },
} satisfies Schedules;
