import type { PrimarySettings } from "@quorate/kernel/primary";
import { idOf, type Name, type PrimaryCluster, primaryCluster } from "@quorate/sim";
import { expect, it } from "vitest";

const SHRINK_TICKS = 300;

/**
 * A write every 10 ms, and S3 always one behind: what is between it and the primary arrives when the others have committed the next.
 * Until group 0 has declared it in step, or so long.
 */
function returns(c: PrimaryCluster, millis: number): boolean {
  const slow = ({ from, to }: { readonly from: bigint; readonly to: bigint }): boolean =>
    from === idOf("S3") || to === idOf("S3");
  for (let spent = 0; spent < millis; spent += 10) {
    const late = c.net.flights.filter(slow).length;
    c.propose("S1", `k${spent}`);
    c.net.deliver((flight) => !slow(flight));
    if (late > 0) c.net.deliver(slow, late);
    c.decide();
    if (c.inSync.includes("S3")) return true;
    c.net.pass(10).wake(idOf("S1"));
  }
  return false;
}

/** S3 is out of step, and in reach again; of the others these are there. */
function fallen(settings: Partial<PrimarySettings>, among: readonly Name[]): PrimaryCluster {
  const c = primaryCluster({
    replicas: 3,
    seed: 3n,
    settings: { shrinkTicks: SHRINK_TICKS, ...settings },
  });
  c.appoint("S1");
  c.net.deliver();
  c.among(...among).write("S1", "a");
  c.net.run(2 * SHRINK_TICKS);
  c.decide().write("S1", "b");
  expect(c.inSync).toEqual(among);
  c.net.heal();
  if (!among.includes("S2")) c.crash("S2");
  return c;
}

it("C1: a secondary of a synchronous primary that is a write behind all the time is back in step while writes go on", () => {
  const c = fallen({}, ["S1", "S2"]);
  expect(returns(c, 20_000)).toBe(true);
  expect(c.violations).toEqual([]);
});

it("C1: semi-synchronous replication that fell to asynchronous returns while writes go on", () => {
  const c = fallen({ acks: 1, inSyncMin: 1 }, ["S1"]);
  expect(returns(c, 20_000)).toBe(true);
  expect(c.violations).toEqual([]);
});
