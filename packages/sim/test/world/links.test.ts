import { CALM_NETWORK, Clients, REGISTERS, World } from "@quorate/sim";
import { checkLinearizableRegisters, never, REGISTER } from "@quorate/verify";
import { expect, it } from "vitest";

const TEN_MINUTES = 600_000;

/** A relay between all nodes that repeats, reorders, loses and alters frames. */
const RELAY = {
  ...CALM_NETWORK,
  lossPerMille: 1,
  duplicatePerMille: 2,
  reorderPerMille: 2,
  flipPerMille: 1,
};

for (const mode of ["links", "bare"] as const) {
  it(`LI-1: ten minutes behind such a relay, ${mode === "links" ? "each refused frame is counted by its reason" : "without links in between"}: the history is clean`, () => {
    const world = new World({ seed: 65n, nodes: 3, network: { ...RELAY, mode } }).boot();
    world.until(() => world.leader() !== null, 10_000);
    const workload = { ...REGISTERS, operations: 150, thinkMillisMax: 7000 };
    const clients = new Clients(world, workload, 1n).start();
    world.run(TEN_MINUTES);

    const history = clients.finish();
    expect(history.filter(({ outcome }) => outcome === "ok").length).toBeGreaterThan(400);
    expect(checkLinearizableRegisters(history, REGISTER, never).type).toBe("ok");
    expect(world.observer.violations).toEqual([]);
    expect(world.halted).toEqual([]);
    const counted = [...world.network.drops.values()].reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(world.network.counts.dropped);
    if (mode === "links")
      expect(new Set(world.network.drops.keys())).toEqual(
        new Set(["checksum", "malformed", "sequence"]),
      );
  });
}
