import type { ChainRules, ChainSettings } from "@quorate/kernel/chain";
import { type ChainCluster, chainCluster, idOf, type Name } from "../../stepper/index.ts";
import type { Schedules } from "./schedule.ts";

/** A schedule with one rule on or off; what it found broken. */
type Schedule = (on: boolean) => readonly string[];

const TENURE_MILLIS = 60_000;
/** Group 0 is heard, and those who answer readers know that they may. */
const SETTLE_MILLIS = 300;

function begun(c: ChainCluster): ChainCluster {
  if (!c.appoint("S1", { millis: TENURE_MILLIS })) throw new RangeError("S1 is not appointed");
  c.net.run(SETTLE_MILLIS);
  return c;
}

const without = (
  rule: keyof ChainRules,
  on: boolean,
  settings: Partial<ChainSettings> = {},
): ChainCluster =>
  chainCluster({
    replicas: 3,
    seed: 10n,
    rules: { [rule]: on },
    // The last one left goes on alone.
    settings: { inSyncMin: 1, ...settings },
  });

/** All others are dead, the tenure is over, and this one is appointed. */
function left(c: ChainCluster, name: Name): readonly string[] {
  c.crash(...c.names.filter((other) => other !== name && c.net.isUp(idOf(other))));
  c.net.pass(TENURE_MILLIS + 1);
  if (!c.appoint(name)) throw new RangeError(`${name} is not appointed`);
  return c.violations;
}

/** Time passes, and group 0 answers these; by then whoever is silent is out of step, and whoever is back is in the chain. */
function settle(c: ChainCluster, ...told: readonly Name[]): ChainCluster {
  for (let i = 0; i < 8; i++) {
    c.net.run(SETTLE_MILLIS);
    c.decide(...told).net.deliver();
  }
  return c;
}

function stale(c: ChainCluster, reader: Name, least: number): readonly string[] {
  const at = c.read(reader);
  return at !== null && at < least ? [`Stale: ${reader} answers at ${at} of ${least}`] : [];
}

/** The head forwards what its disk has not, and loses it; the tail has shown it. */
const forwardedAndLost: Schedule = (on) => {
  const c = begun(without("persistBeforeForward", on));
  c.net.holdSync(idOf("S1"));
  c.write("S1", "a").crash("S1").restart("S1");
  return left(c, "S1");
};

/** The tail commits what its disk has not, and loses it. */
const committedAndLost: Schedule = (on) => {
  const c = begun(without("commitWhenDurable", on));
  c.net.holdSync(idOf("S3"));
  c.write("S1", "a").crash("S3").restart("S3");
  return left(c, "S3");
};

/** What the first head forwarded is late: S2, by now the tail, takes it for what the second head has in its place, and commits it. */
const oldUpdate: Schedule = (on) => {
  const c = begun(without("refuseOldEpochs", on));
  c.propose("S1", "a");
  const old = c.captured("S2", "Update");
  c.net.lose();
  c.crash("S1").net.pass(TENURE_MILLIS + 1);
  c.appoint("S3");
  c.net.deliver(({ message }) => message.type === "Beat");
  c.net.lose();
  c.net.arrive(old);
  return settle(c.crash("S2")).violations;
};

/** S2 stood before S3, was left out, and is the tail now: what S1 sent it in its old place says nothing of S3, which has not got it. */
const oldChain: Schedule = (on) => {
  const c = begun(without("refuseOldChains", on));
  c.propose("S1", "a");
  const old = c.captured("S2", "Update");
  c.net.lose();
  c.among("S1", "S3");
  for (let i = 0; i < 20 && c.state("S2").chain?.number !== 3; i++) {
    c.net.pass(c.settings.heartbeatTicks).wake(idOf("S1"));
    // Nothing but that somebody lives gets through.
    c.net.deliver(({ message }) => message.type === "Beat" || message.type === "Here");
    c.net.lose();
    c.decide();
    if (!c.inSync.includes("S2")) c.net.heal();
  }
  c.net.lose();
  c.net.arrive(old);
  return left(c, "S3");
};

/** The first head is cut off and never hears that its time is over: nothing in its log is uncommitted, so it answers a reader. */
const paused: Schedule = (on) => {
  const c = without("actWithinTenure", on, { reads: "any" });
  c.appoint("S1", { millis: 1000 });
  c.net.run(SETTLE_MILLIS);
  c.write("S1", "a").among("S2", "S3");
  c.net.pass(1001);
  c.appoint("S2", { told: ["S2", "S3"] });
  settle(c, "S2", "S3").write("S2", "b");
  return stale(c, "S1", c.state("S2").commitIndex);
};

/**
 * S3 is left out, and what S2 is told of that is late. The head dies, and counts its chains anew in another life: the second is the one
 * with S3. S2 hears of the other second one first, and takes itself for the tail.
 */
function counted(c: ChainCluster): readonly string[] {
  c.net.run(1200);
  c.decide("S1");
  const late = c.net.flights.find(
    ({ to, message }) => to === idOf("S2") && message.type === "Beat" && message.chain.number === 2,
  );
  if (late === undefined) return c.violations;
  c.net.lose();
  c.crash("S1").restart("S3").restart("S1");
  c.grant("S1", TENURE_MILLIS).tell().decide();
  const isSecond = (): boolean => c.state("S1").chain?.number === 2;
  for (let i = 0; i < 20 && !isSecond(); i++) {
    while (!isSecond() && c.net.deliver(() => true, 1) > 0);
    if (isSecond()) break;
    c.net.pass(c.settings.heartbeatTicks);
    for (const name of c.names) c.net.wake(idOf(name));
  }
  c.net.arrive(late);
  settle(c);
  c.propose("S1", "a");
  c.net.lose(({ to }) => to === idOf("S3"));
  c.net.deliver(({ to }) => to !== idOf("S3"));
  return left(c, "S3");
}

const sameEpochAgain: Schedule = (on) =>
  counted(begun(without("newEpochInNewLife", on)).crash("S3"));

/** The head's disk never knew of the epoch in which it left S3 out. */
const forgottenEpoch: Schedule = (on) => {
  const c = begun(without("persistEpochFirst", on, { hungTicks: TENURE_MILLIS }));
  c.crash("S1").restart("S1");
  c.grant("S1", TENURE_MILLIS).tell();
  c.net.holdSync(idOf("S1"));
  c.decide().net.run(SETTLE_MILLIS);
  return counted(c.crash("S3"));
};

/** S3 is back and has caught up; group 0 takes it to be in step, which nobody in the chain knows. */
const grantedUnheard: Schedule = (on) => {
  const c = begun(without("announceFirst", on));
  c.crash("S3");
  settle(c).restart("S3");
  while (c.wishes.length === 0) c.net.run(10);
  for (const { version, petition } of c.wishes) c.authority.petition(version, petition);
  c.propose("S1", "b");
  c.net.lose(({ to }) => to === idOf("S3"));
  c.net.deliver(({ to }) => to !== idOf("S3"));
  return left(c, "S3");
};

/** S3 is silent, and the chain goes on without it before group 0 knows. */
const withoutWord: Schedule = (on) => {
  const c = begun(without("shrinkFirst", on)).among("S1", "S2");
  c.net.run(1500);
  c.write("S1", "a").crash("S1", "S2");
  return left(c, "S3");
};

/** The tail is cut off with the right to answer readers, and the others go on at once. */
const cutOffTail: Schedule = (on) => {
  const c = begun(without("waitOutLease", on, { shrinkTicks: 200, leaseTicks: 2000 }));
  c.among("S1", "S2").net.run(250);
  c.decide("S1", "S2").write("S1", "b");
  return stale(c, "S3", c.state("S1").commitIndex);
};

/** The tail was cut off, and never hears that the others went on without it (CR-3). */
const forgottenTail: Schedule = (on) => {
  const c = begun(without("readWithinLease", on)).among("S1", "S2");
  settle(c, "S1", "S2").write("S1", "b");
  return stale(c, "S3", c.state("S1").commitIndex);
};

/** The tail is back, and has not heard yet that what its log holds is committed. */
const tailAgain: Schedule = (on) => {
  const c = begun(without("wholeBeforeReads", on)).write("S1", "a").write("S1", "b");
  const { commitIndex } = c.state("S1");
  c.crash("S3").restart("S3");
  for (let i = 0; i < 3; i++) {
    c.net.pass(c.settings.heartbeatTicks).wake(idOf("S1"));
    c.net.deliver(({ message }) => message.type === "Beat" || message.type === "Here");
  }
  c.net.lose();
  return stale(c, "S3", commitIndex);
};

/** The tail has shown what the middle does not know to be committed (CR-4). */
const dirtyRead: Schedule = (on) => {
  const c = begun(without("askWhenDirty", on, { reads: "any" }));
  c.propose("S1", "a");
  c.net.deliver(({ message }) => message.type === "Update");
  c.net.lose();
  const shown = c.read("S3") ?? 0;
  return stale(c, "S2", shown);
};

/** S2 has forwarded two entries, and the update with the first comes once more before anything is committed. */
const lateRepetition: Schedule = (on) => {
  const c = begun(without("truncateOnlyOnConflict", on));
  c.propose("S1", "a");
  const again = c.captured("S2", "Update");
  c.propose("S1", "b");
  c.net.deliver(({ message }) => message.type === "Update");
  c.net.lose();
  c.net.arrive(again);
  return left(c, "S2");
};

const hungDisk: Schedule = (on) => {
  const c = begun(without("resignOnHungDisk", on));
  c.net.holdSync(idOf("S1"));
  c.write("S1", "a").net.run(2000);
  const resigned = c.wishes.some(({ petition }) => petition.type === "resign");
  return resigned ? [] : ["Progress: S1 takes writes that go nowhere, and keeps its office"];
};

/** What each rule keeps, broken without it. */
export const chainSchedules: Readonly<Record<keyof ChainRules, Schedule>> = {
  persistBeforeForward: forwardedAndLost,
  commitWhenDurable: committedAndLost,
  refuseOldEpochs: oldUpdate,
  refuseOldChains: oldChain,
  actWithinTenure: paused,
  newEpochInNewLife: sameEpochAgain,
  persistEpochFirst: forgottenEpoch,
  announceFirst: grantedUnheard,
  shrinkFirst: withoutWord,
  waitOutLease: cutOffTail,
  readWithinLease: forgottenTail,
  wholeBeforeReads: tailAgain,
  askWhenDirty: dirtyRead,
  truncateOnlyOnConflict: lateRepetition,
  resignOnHungDisk: hungDisk,
};

export const CHAIN_SCHEDULES = {
  chainCommitWhenDurable: {
    why: "the tail must lose its power between forwarding and its disk, and then be the only one that is asked",
    violations: committedAndLost,
  },
  chainNewEpochInNewLife: {
    why: "two heartbeats of two lives must say different things under one number, and the older come first",
    violations: sameEpochAgain,
  },
  chainPersistEpochFirst: {
    why: "the same, and the head's disk must hang from its appointment to its death",
    violations: forgottenEpoch,
  },
  chainAnnounceFirst: {
    why: "a head must die before it hears that its wish was granted, and all others in the chain with it",
    violations: grantedUnheard,
  },
  chainRefuseOldChains: {
    why: "an update must be under way for as long as its receiver takes to leave the chain and join it anew",
    violations: oldChain,
  },
  chainWaitOutLease: {
    why: "whoever is left out has been silent for longer than its lease, but where it is heard and does not get on",
    violations: cutOffTail,
  },
  chainActWithinTenure: {
    why: "the head must be alone with its readers, with nothing uncommitted",
    violations: paused,
  },
} satisfies Schedules;
