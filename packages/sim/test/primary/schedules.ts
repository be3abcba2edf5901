import type { PrimaryRules, PrimarySettings } from "@quorate/kernel/primary";
import { idOf, type Name, type PrimaryCluster, primaryCluster } from "@quorate/sim";

/** A schedule with one rule on or off; what it found broken. */
export type Schedule = (on: boolean) => readonly string[];

const TENURE_MILLIS = 1000;

function cluster(
  rule: keyof PrimaryRules,
  on: boolean,
  settings: Partial<PrimarySettings> = {},
): PrimaryCluster {
  return primaryCluster({ replicas: 3, seed: 8n, rules: { [rule]: on }, settings });
}

function started(
  rule: keyof PrimaryRules,
  on: boolean,
  settings: Partial<PrimarySettings> = {},
): PrimaryCluster {
  const c = cluster(rule, on, settings);
  appoint(c, "S1");
  c.net.deliver();
  return c;
}

function appoint(c: PrimaryCluster, name: Name, ...told: readonly Name[]): void {
  const how = { millis: TENURE_MILLIS, told: told.length === 0 ? c.names : told };
  if (!c.appoint(name, how)) throw new RangeError(`${name} is not appointed`);
}

/** Time passes until whoever holds the office may not act any more. */
const wait = (c: PrimaryCluster): unknown => c.net.pass(TENURE_MILLIS + 1);

/** Out of step: S3, since it was cut off. */
function shrunk(rule: keyof PrimaryRules, on: boolean): PrimaryCluster {
  const c = cluster(rule, on, { shrinkTicks: 200 });
  c.appoint("S1");
  c.net.deliver();
  c.among("S1", "S2").write("S1", "a");
  c.net.run(300);
  c.decide().net.deliver();
  return c;
}

/** S2 has acknowledged what its disk has not, and loses it. */
export const acknowledgedAndLost: Schedule = (on) => {
  const c = started("persistBeforeAck", on);
  c.net.holdSync(idOf("S2"));
  c.write("S1", "a").crash("S1", "S2").restart("S2");
  wait(c);
  appoint(c, "S2");
  return c.violations;
};

/** The primary counts itself before its disk has the entry, loses it, and is appointed again. */
export const countedAndLost: Schedule = (on) => {
  const c = started("countSelfWhenDurable", on);
  c.net.holdSync(idOf("S1"));
  c.write("S1", "a").crash("S1").restart("S1");
  c.grant("S1", TENURE_MILLIS).tell().decide();
  return c.violations;
};

/** An update of the first epoch is late: it finds its place taken by what the second epoch has acknowledged. */
export const oldUpdate: Schedule = (on) => {
  const c = started("refuseOldEpochs", on, { commitNotice: "ride" });
  c.propose("S1", "a");
  const old = c.captured("S2", "Update");
  c.net.lose();
  wait(c);
  appoint(c, "S3");
  c.net.deliver();
  c.net.arrive(old);
  c.crash("S3");
  wait(c);
  appoint(c, "S2");
  return c.violations;
};

/** The first primary is cut off and never hears that its time is over: it answers a reader. */
export const paused: Schedule = (on) => {
  const c = cluster("actWithinTenure", on, { shrinkTicks: 200 });
  appoint(c, "S1");
  c.net.deliver();
  c.write("S1", "a").among("S2", "S3");
  wait(c);
  c.appoint("S2", { told: ["S2", "S3"] });
  c.write("S2", "b");
  c.net.run(300);
  c.decide("S2", "S3").net.deliver();
  return staleAt(c, "S1", "S2");
};

/** S3 does not answer, and a write goes on without it before group 0 knows. */
export const withoutWord: Schedule = (on) => {
  const c = cluster("shrinkFirst", on).among("S1", "S2");
  appoint(c, "S1");
  c.net.deliver();
  c.write("S1", "a").crash("S1", "S2");
  wait(c);
  appoint(c, "S3");
  return c.violations;
};

/** S3 is in step by the word of group 0, and the primary has not heard. */
export const grantedUnheard: Schedule = (on) => {
  const c = shrunk("growFirst", on);
  c.net.heal();
  c.net.run(600);
  for (const { version, petition } of c.wishes) c.authority.petition(version, petition);
  c.among("S1", "S2").write("S1", "b").crash("S1", "S2");
  c.net.pass(60_001);
  appoint(c, "S3");
  return c.violations;
};

/** The primary gave an entry away that its disk has not, and puts another in its place after the crash. */
export const sameEpochAgain: Schedule = (on) => {
  const c = started("newEpochInNewLife", on);
  c.net.holdSync(idOf("S1"));
  c.write("S1", "a").crash("S1").restart("S1");
  c.grant("S1", TENURE_MILLIS).tell().decide();
  c.net.deliver();
  return c.violations;
};

/** An old primary comes back with more than its group has, and hears from the new one how far readers may look. */
export const readFromTail: Schedule = (on) => {
  const c = started("joinBeforeReads", on, { acks: 0, shrinkTicks: null, inSyncMin: 1 });
  c.propose("S1", "a", "b", "c");
  c.propose("S1", "d");
  c.net.lose();
  c.crash("S1");
  wait(c);
  c.appoint("S2", { unclean: true });
  c.write("S2", "e").restart("S1").tell("S1").beat("S2");
  return c.read("S1") === null ? [] : [`Stale: S1 answers from ${c.appliedBy("S1").join()}`];
};

/** A late repetition ends before what came since. */
export const lateRepetition: Schedule = (on) => {
  const c = started("truncateOnlyOnConflict", on, { commitNotice: "ride" });
  c.propose("S1", "a");
  const old = c.captured("S2", "Update");
  c.net.lose();
  c.net.arrive(old).pass(c.settings.retransmitTicks).wake(idOf("S1"));
  c.net.deliver();
  c.propose("S1", "b");
  c.net.deliver(({ message }) => message.type === "Update");
  c.net.arrive(old);
  c.net.deliver();
  c.crash("S1");
  c.net.pass(60_001);
  appoint(c, "S2");
  return c.violations;
};

/** The primary's disk does nothing any more. */
export const hungDisk: Schedule = (on) => {
  const c = started("resignOnHungDisk", on);
  c.net.holdSync(idOf("S1"));
  c.propose("S1", "a");
  c.grant("S1", 60_000).tell();
  c.net.run(5000);
  const resigned = c.wishes.some(({ petition }) => petition.type === "resign");
  return resigned ? [] : ["Progress: S1 acknowledges nothing, and keeps its office"];
};

/** A new primary does not know yet what was acknowledged before it. */
export const readTooEarly: Schedule = (on) => {
  const c = started("readsAfterOwnEpoch", on, { commitNotice: "ride" }).write("S1", "a");
  const { commitIndex } = c.state("S1");
  c.crash("S1").among("S2");
  wait(c);
  appoint(c, "S2");
  const at = c.read("S2");
  return at !== null && at < commitIndex ? [`Stale: S2 answers at ${at} of ${commitIndex}`] : [];
};

function staleAt(c: PrimaryCluster, reader: Name, writer: Name): readonly string[] {
  const { commitIndex } = c.state(writer);
  const at = c.read(reader);
  return at !== null && at < commitIndex
    ? [`Stale: ${reader} answers at ${at} of ${commitIndex}`]
    : c.violations;
}
