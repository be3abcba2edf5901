import { DEFAULT_SETTINGS, primary } from "@quorate/kernel/primary";
import { idOf, primaryCluster } from "@quorate/sim";
import { expect, it } from "vitest";

it("what members hold of an earlier epoch, and not yet the first entry of this one, is not said to be held: an epoch between may undo it", () => {
  const settings = { acks: 0, shrinkTicks: null, inSyncMin: 1, batchEntriesMax: 1 } as const;
  const c = primaryCluster({ replicas: 3, seed: 8n, settings });
  const protocol = primary({ ...DEFAULT_SETTINGS, ...settings });
  c.appoint("S1", { millis: 1000 });
  c.net.deliver();
  c.propose("S1", "a");
  const { index, epoch } = c.state("S1").log.last;
  c.crash("S1").net.lose().pass(1001);
  c.appoint("S2", { millis: 1000, unclean: true, told: ["S2"] });
  c.crash("S2").net.lose().pass(1001);
  c.restart("S1").appoint("S1", { millis: 1000, unclean: true, told: ["S1", "S3"] });
  c.net.lose().wake(idOf("S1"));
  c.net.deliver(
    ({ message }) => message.type !== "Update" || message.entries.every((one) => one.epoch === 1),
  );
  expect(c.state("S3").log.epochAt(index)).toBe(epoch);
  expect(protocol.holders(c.state("S1"), c.net.now, index)).toEqual([idOf("S1")]);
  c.net.deliver();
  c.beat("S1");
  expect(protocol.holders(c.state("S1"), c.net.now, index)).toEqual([idOf("S1"), idOf("S3")]);
});
