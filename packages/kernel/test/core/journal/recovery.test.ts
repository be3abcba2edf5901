import { expect, it } from "vitest";
import { groupId, journalSeq, lossesOf } from "../../../src/core/index.ts";

const whole = {
  firstSeq: journalSeq(1),
  lastSeq: journalSeq(20),
  ends: true,
  begun: true,
  damage: [],
  groups: [groupId(0), groupId(1)],
};
const none = { covers: new Map(), lost: [] };
const covering = (seq: number) => ({
  covers: new Map([
    [groupId(0), journalSeq(seq)],
    [groupId(1), journalSeq(seq)],
  ]),
  lost: [],
});

it("a journal that is whole has lost nothing, and goes on where it ends", () => {
  expect(lossesOf(whole, none)).toEqual({
    lastSeq: 20,
    endLost: false,
    damage: [],
    damaged: [],
    birthsLost: false,
  });
});

it("a node that never started has an empty journal and has lost nothing", () => {
  const fresh = { ...whole, firstSeq: null, lastSeq: journalSeq(0), ends: false, begun: false };
  expect(lossesOf({ ...fresh, groups: [] }, none)).toMatchObject({ lastSeq: 0, damaged: [] });
});

it("a journal that has begun and is gone has lost all groups; numbers go on far beyond what may have been", () => {
  const gone = { ...whole, firstSeq: null, lastSeq: journalSeq(0), ends: false };
  const found = lossesOf(gone, none);
  expect(found).toMatchObject({ damaged: [0, 1], birthsLost: true, endLost: true });
  expect(found.lastSeq).toBeGreaterThanOrEqual(2 ** 32 - 1);
});

it("a last segment without a header may have held anything", () => {
  expect(lossesOf({ ...whole, ends: false }, covering(10))).toMatchObject({
    damaged: [0, 1],
    endLost: true,
  });
});

it("a checkpoint that covers more than the journal holds says that its end is lost", () => {
  expect(lossesOf(whole, covering(21))).toMatchObject({ damaged: [0, 1], endLost: true });
  expect(lossesOf(whole, covering(20))).toMatchObject({ damaged: [], endLost: false });
});

it("segments before the first may be missing only as far as checkpoints cover them", () => {
  const later = { ...whole, firstSeq: journalSeq(11) };
  expect(lossesOf(later, covering(10)).damaged).toEqual([]);
  expect(lossesOf(later, covering(9)).damaged).toEqual([0, 1]);
});

it("what one group's checkpoint covers does not hold what another has lost", () => {
  const later = { ...whole, firstSeq: journalSeq(11) };
  const covers = (zero: number, one: number) => ({
    covers: new Map([
      [groupId(0), journalSeq(zero)],
      [groupId(1), journalSeq(one)],
    ]),
    lost: [],
  });
  expect(lossesOf(later, covers(5, 15)).damaged).toEqual([0]);
  expect(lossesOf(later, covers(15, 5)).damaged).toEqual([1]);
});

it("group 0 is as old as the journal: without a checkpoint it needs all of it", () => {
  const later = { ...whole, firstSeq: journalSeq(11) };
  const found = lossesOf(later, { covers: new Map([[groupId(1), journalSeq(15)]]), lost: [] });
  expect(found).toMatchObject({ damaged: [0], birthsLost: true });
});

it("damage that a later checkpoint holds is no loss any more, but may still hide a birth", () => {
  const gap = { group: null, firstSeq: journalSeq(3), nextSeq: journalSeq(5) };
  const found = lossesOf({ ...whole, damage: [gap] }, covering(15));
  expect(found).toMatchObject({ damage: [], damaged: [], birthsLost: true });
});

it("a group whose checkpoints are all unsound is rebuilt", () => {
  expect(lossesOf(whole, { ...none, lost: [groupId(1)] }).damaged).toEqual([1]);
});
