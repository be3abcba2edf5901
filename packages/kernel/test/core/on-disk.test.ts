import fc from "fast-check";
import { expect, it } from "vitest";
import {
  cutOnDisk,
  foundOnDisk,
  handToDisk,
  heardFromDisk,
  hungAt,
  logIndex,
  type OnDisk,
  persistSeq,
  ticks,
} from "../../src/core/index.ts";

const PATIENCE = 100;
const RECORD = new Uint8Array(1);

function handed(state: OnDisk, at: number, last: number): OnDisk {
  const [next, effects] = handToDisk(state, ticks(at), RECORD, logIndex(last), logIndex(last));
  expect(effects).toEqual([{ type: "Persist", record: RECORD, lastIndex: last }]);
  return next;
}

it("counts what the disk confirmed, and nothing of what it still owes", () => {
  const owing = handed(handed(foundOnDisk(logIndex(3)), 10, 4), 11, 5);
  expect(owing.durableIndex).toBe(3);
  expect(heardFromDisk(owing, ticks(12), persistSeq(1)).durableIndex).toBe(4);
  const all = heardFromDisk(owing, ticks(12), persistSeq(2));
  expect(all).toMatchObject({ durable: 2, durableIndex: 5, undurable: [] });
  expect(heardFromDisk(all, ticks(13), persistSeq(2))).toBe(all);
});

it("what is cut off counts no longer, though its record becomes durable afterwards", () => {
  const owing = handed(handed(foundOnDisk(logIndex(3)), 10, 4), 11, 5);
  const cut = cutOnDisk(owing, logIndex(2));
  expect(cut.durableIndex).toBe(2);
  expect(heardFromDisk(cut, ticks(12), persistSeq(2)).durableIndex).toBe(2);
});

it("a disk hangs when it has written nothing for so long, not when it is slow and goes on", () => {
  let state = handed(handed(foundOnDisk(logIndex(0)), 0, 1), 10, 2);
  expect(hungAt(state, PATIENCE)).toBe(100);
  // One sync for each record, each just within the limit: the second is 179 old when its own comes.
  state = heardFromDisk(state, ticks(90), persistSeq(1));
  expect(hungAt(state, PATIENCE)).toBe(190);
  state = handed(state, 100, 3);
  state = heardFromDisk(state, ticks(189), persistSeq(2));
  expect(hungAt(state, PATIENCE)).toBe(289);
  state = heardFromDisk(state, ticks(280), persistSeq(3));
  expect(hungAt(state, PATIENCE)).toBeNull();
});

it("never counts more than was handed over and not cut since, whatever the order", () => {
  const act = fc.oneof(
    fc.record({ type: fc.constant("append" as const), entries: fc.nat(3) }),
    fc.record({ type: fc.constant("cut" as const), to: fc.nat(20) }),
    fc.record({ type: fc.constant("durable" as const), records: fc.nat(4) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      let state = foundOnDisk(logIndex(0));
      let last = 0;
      acts.forEach((one, at) => {
        if (one.type === "append") {
          last += one.entries;
          state = handed(state, at, last);
        } else if (one.type === "cut") {
          last = Math.min(last, one.to);
          state = cutOnDisk(state, logIndex(last));
        } else {
          const upTo = Math.min(state.persisted, state.durable + one.records);
          state = heardFromDisk(state, ticks(at), persistSeq(upTo));
        }
        expect(state.durableIndex).toBeLessThanOrEqual(last);
        expect(state.undurable.length).toBe(state.persisted - state.durable);
      });
      state = heardFromDisk(state, ticks(acts.length), state.persisted);
      expect(hungAt(state, PATIENCE)).toBeNull();
    }),
    { seed: 7 },
  );
});
