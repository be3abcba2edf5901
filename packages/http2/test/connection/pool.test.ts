import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pool } from "../../src/protocol/index.ts";
import { Stage, settings, windowUpdate } from "./stage.ts";

const WINDOW_INITIAL_SIZE = 4;
const POOL_BYTES = 1_000_000;

/** A server whose peer asks for one answer and opens no window for it. */
function reader(sendPool: Pool): Stage {
  const stage = Stage.ready("server", {}, { sendPool });
  stage.send(settings([WINDOW_INITIAL_SIZE, 0]));
  stage.request(1);
  return stage;
}

const answer = (stage: Stage, bytes: number): boolean =>
  stage.connection.data(stage.stream(1), [new Uint8Array(bytes)], false);
const isOpen = (stage: Stage): boolean => stage.connection.phase === "Open";

describe("what many connections hold together is bounded", () => {
  it("one alone may hold all of the pool, and is cut for more", () => {
    const pool = new Pool(POOL_BYTES);
    const stage = reader(pool);
    answer(stage, POOL_BYTES);
    expect([isOpen(stage), pool.bytes, stage.connection.room]).toEqual([true, POOL_BYTES, 0]);
    answer(stage, 1);
    expect([isOpen(stage), pool.bytes]).toEqual([false, 0]);
    expect(stage.frames().at(-1)).toBe("GOAWAY 1 ENHANCE_YOUR_CALM");
  });

  it("who holds the most is cut, and not who comes when there is nothing left", () => {
    const pool = new Pool(POOL_BYTES);
    const stages = Array.from({ length: 10 }, () => reader(pool));
    for (const [i, stage] of stages.entries()) answer(stage, i === 3 ? 190_000 : 90_000);
    const late = reader(pool);
    answer(late, 50_000);
    expect([...stages, late].map(isOpen).indexOf(false)).toBe(3);
    expect(pool.bytes).toBe(9 * 90_000 + 50_000);
    answer(late, 140_000);
    expect(isOpen(late)).toBe(true);
    answer(late, 1);
    expect(isOpen(late)).toBe(false);
  });

  it("what is taken, reset, or goes with its connection is given back", () => {
    const pool = new Pool(POOL_BYTES);
    const [read, reset, gone] = [reader(pool), reader(pool), reader(pool)];
    for (const stage of [read, reset, gone]) answer(stage, 10_000);
    expect(pool.bytes).toBe(30_000);
    read.send(windowUpdate(1, 10_000));
    read.frames();
    expect(pool.bytes).toBe(20_000);
    reset.connection.reset(reset.stream(1), 8);
    expect(pool.bytes).toBe(10_000);
    gone.connection.disconnected("the peer is gone");
    expect(pool.bytes).toBe(0);
  });

  it("never holds more than its bound, whoever writes and reads how much, and ends empty", () => {
    const step = fc.record({
      who: fc.nat(9),
      bytes: fc.integer({ min: 1, max: 300_000 }),
      reads: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const pool = new Pool(POOL_BYTES);
        const stages = Array.from({ length: 10 }, () => reader(pool));
        for (const { who, bytes, reads } of steps) {
          const stage = stages[who];
          if (stage === undefined || !isOpen(stage)) continue;
          if (reads) stage.send(windowUpdate(1, bytes), windowUpdate(0, bytes));
          else answer(stage, bytes);
          stage.frames();
          expect(pool.bytes).toBeLessThanOrEqual(POOL_BYTES);
          expect(pool.bytes).toBeGreaterThanOrEqual(0);
        }
        for (const stage of stages) stage.connection.disconnected("over");
        expect(pool.bytes).toBe(0);
      }),
      { seed: 4, numRuns: 100 },
    );
  });
});
