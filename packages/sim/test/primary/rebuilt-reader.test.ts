import { type GroupConfig, logIndex, requestId, type Ticks } from "@quorate/kernel/core";
import {
  DEFAULT_SETTINGS,
  type PrimaryMessage,
  type PrimaryState,
  primary,
} from "@quorate/kernel/primary";
import { idOf, put, Stepper } from "@quorate/sim";
import { expect, it } from "vitest";

const [S1, S2, S3] = [idOf("S1"), idOf("S2"), idOf("S3")];
const MEMBERS = [S1, S2, S3];
const CONFIG: GroupConfig = { epoch: 0, voters: MEMBERS, outgoing: null, learners: [] };

/** Write all, read any; one entry travels at a time. S1 is the primary, and `a` and `b` are acknowledged by all. */
function written(): Stepper<PrimaryState, PrimaryMessage> {
  const settings = { reads: "any", shrinkTicks: null, batchEntriesMax: 1 } as const;
  const protocol = primary({ ...DEFAULT_SETTINGS, ...settings });
  const net = new Stepper({ protocol, members: MEMBERS, config: CONFIG, seed: 1n });
  const office = { epoch: 1, version: 1, primary: S1, inSync: MEMBERS };
  for (const id of MEMBERS) net.input(id, { type: "Configure", office, until: null });
  net.input(S1, { type: "Configure", office, until: 1_000_000 as Ticks });
  net.deliver();
  const commands = ["a", "b"].map((value, i) => ({
    id: requestId(i + 1),
    command: put("x", value),
  }));
  net.input(S1, { type: "Propose", commands });
  net.deliver();
  return net;
}

it("a secondary that was rebuilt lets nobody look before it has again all that it had acknowledged", () => {
  const net = written();
  expect(net.stateOf(S1).commitIndex).toBe(3);
  net.crash(S2).repair(S2, 100);
  net.pass(100).wake(S1);
  net.deliver();
  const at = { index: logIndex(1), epoch: 1 };
  net.install(S2, at, CONFIG).input(S1, { type: "Transferred", to: S2, at, ok: true });

  const reader = requestId(9);
  net.deliver(({ to, message }) => to === S2 && message.type === "Update");
  expect(net.stateOf(S2).log.lastIndex, "a part has come").toBe(2);
  net.input(S2, { type: "Read", ids: [reader], level: "readIndex" });
  expect(net.readable.get(reader) ?? 3).toBe(3);
  net.deliver();
  expect(net.readable.get(reader)).toBe(3);
});
