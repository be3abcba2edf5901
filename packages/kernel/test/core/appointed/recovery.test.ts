import { DEFAULT_SETTINGS as CHAIN, chain } from "@quorate/kernel/chain";
import {
  type AnyLogProtocol,
  type Bytes,
  type GroupConfig,
  type LogIndex,
  type LogState,
  Malformed,
  type NodeId,
  type Recovered,
  ticks,
} from "@quorate/kernel/core";
import { DEFAULT_SETTINGS as PRIMARY, primary } from "@quorate/kernel/primary";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeRecord,
  encodeAppend,
  encodeHardState,
  encodeInstalled,
} from "../../../src/core/appointed/index.ts";

const PROTOCOLS: readonly (readonly [string, AnyLogProtocol])[] = [
  ["a primary and its secondaries", primary(PRIMARY) as AnyLogProtocol],
  ["a chain", chain(CHAIN) as AnyLogProtocol],
];
const self = 1n as NodeId;
const config: GroupConfig = { epoch: 0, voters: [self], outgoing: null, learners: [] };
const now = { ticks: ticks(0), wall: { earliest: 0, latest: 0 } };
const at = (index: number, epoch: number) => ({ index: index as LogIndex, epoch });
const hard = (epoch: number, commit: number, repairing = false) => ({
  epoch,
  commitIndex: commit as LogIndex,
  repairing,
});
const entry = (index: number, epoch: number) => ({
  ...at(index, epoch),
  kind: "command" as const,
  command: Uint8Array.of(index),
});

const epochs = ({ log }: LogState): readonly number[] =>
  log.slice(log.base.index, log.lastIndex).map(({ epoch }) => epoch);

describe.each(PROTOCOLS)("records of %s", (_name, protocol) => {
  const small = fc.integer({ min: 0, max: 2 ** 40 });
  const hardState = fc.record({
    epoch: small,
    commitIndex: small.map((n) => n as LogIndex),
    repairing: fc.boolean(),
  });
  const run = { seed: 19760101, numRuns: 200 };

  it("each is read as it was written", () => {
    fc.assert(
      fc.property(hardState, small, small, fc.nat({ max: 5 }), (h, index, epoch, count) => {
        const prev = at(index, epoch);
        const entries = Array.from({ length: count }, (_, i) => entry(index + i + 1, epoch));
        expect(decodeRecord(encodeHardState(h))).toEqual({ type: "HardState", hardState: h });
        expect(decodeRecord(encodeAppend(h, prev, entries))).toEqual({
          type: "Append",
          hardState: h,
          prev,
          entries,
        });
        expect(protocol.lastIndexIn(encodeAppend(h, prev, entries))).toBe(index + count);
        expect(decodeRecord(encodeInstalled(h, prev, config))).toEqual({
          type: "Installed",
          hardState: h,
          at: prev,
          config,
        });
        expect(protocol.lastIndexIn(encodeInstalled(h, prev, config))).toBe(0);
      }),
      run,
    );
  });

  it("noise is damage, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        try {
          decodeRecord(noise);
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
        }
      }),
      { ...run, numRuns: 2000 },
    );
  });
});

describe.each(PROTOCOLS)("start of %s", (_name, protocol) => {
  function start(records: readonly Bytes[], checkpoint: Recovered["checkpoint"] = null) {
    const begun = protocol.start(self, config, { checkpoint, records }, 1n, now);
    return begun === null ? null : begun[0];
  }

  it("nothing on the disk: an empty replica of no epoch, that follows nobody", () => {
    const state = start([]);
    expect(state).toMatchObject({ term: 0, bornIn: 0, commitIndex: 0, role: { leader: null } });
  });

  it("the log is what the last records say: a later one that begins earlier has cut what was there", () => {
    const state = start([
      encodeAppend(hard(1, 0), at(0, 0), [entry(1, 1), entry(2, 1), entry(3, 1)]),
      encodeAppend(hard(2, 1), at(1, 1), [entry(2, 2)]),
    ]);
    expect(state && epochs(state)).toEqual([1, 2]);
    expect(state).toMatchObject({ term: 2, bornIn: 2, commitIndex: 1, durableIndex: 2 });
  });

  it("what was committed when the last record was written is handed out before anybody is heard", () => {
    const records = [encodeAppend(hard(1, 0), at(0, 0), [entry(1, 1), entry(2, 1)])];
    const begun = protocol.start(
      self,
      config,
      { checkpoint: null, records: [...records, encodeHardState(hard(1, 2))] },
      1n,
      now,
    );
    expect(begun?.[1]).toEqual([{ type: "Commit", entries: [entry(1, 1), entry(2, 1)] }]);
  });

  it("a gap, or a commit beyond the log: something durable is gone, and the replica must be rebuilt", () => {
    expect(start([encodeAppend(hard(1, 0), at(4, 1), [entry(5, 1)])])).toBe(null);
    expect(start([encodeHardState(hard(1, 3))])).toBe(null);
    expect(start([encodeInstalled(hard(1, 3), at(3, 1), config)])).toBe(null);
  });

  it("a checkpoint carries epoch and commit, and records before it still serve others", () => {
    const checkpoint = { at: at(2, 1), config, meta: encodeHardState(hard(1, 2)) };
    const state = start(
      [
        encodeAppend(hard(1, 0), at(0, 0), [entry(1, 1), entry(2, 1)]),
        encodeAppend(hard(1, 2), at(2, 1), [entry(3, 1)]),
      ],
      checkpoint,
    );
    expect(state).toMatchObject({ lastApplied: 2, commitIndex: 2, term: 1 });
    expect(state?.log.base.index).toBe(0);
    expect(state?.log.lastIndex).toBe(3);
  });

  it("a checkpoint that contradicts the log, because a snapshot was installed and its record lost, begins a new log", () => {
    const checkpoint = { at: at(2, 5), config, meta: encodeHardState(hard(5, 2)) };
    const state = start(
      [encodeAppend(hard(1, 0), at(0, 0), [entry(1, 1), entry(2, 1), entry(3, 1)])],
      checkpoint,
    );
    expect(state?.log.base).toEqual(at(2, 5));
    expect(state?.log.length).toBe(0);
  });

  it("one whose records were lost begins empty in the highest epoch that is readable, and a restart keeps it repairing", () => {
    const readable = [encodeAppend(hard(7, 0), at(0, 0), [entry(1, 7)])];
    const [state, effects] = protocol.repair(self, config, readable, 1n, now);
    expect(state).toMatchObject({ term: 7, repairing: true, commitIndex: 0 });
    expect(state.log.length).toBe(0);
    const records = effects.flatMap((effect) => (effect.type === "Persist" ? [effect.record] : []));
    expect(start(records)).toMatchObject({ term: 7, repairing: true });
  });
});
