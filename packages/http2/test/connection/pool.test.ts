import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Flag, HeaderList, Pool } from "../../src/protocol/index.ts";
import { OK_HEAD, POST, resetStream, Stage, settings, windowUpdate } from "./stage.ts";

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

describe("what many connections hold of requests that are not over is bounded", () => {
  const LARGE = new HeaderList([
    ...POST.fields,
    ...HeaderList.of(["x", "y".repeat(15_000)]).fields,
  ]);
  const asked = (receivePool: Pool): Stage => Stage.ready("server", {}, { receivePool });
  const open = (stage: Stage, id: number, list = LARGE): Stage => stage.headers(id, list);

  it("a client that opens streams with all the fields it may, on many connections, is cut, and others are served", () => {
    const pool = new Pool(POOL_BYTES);
    const other = open(asked(pool), 1, POST);
    const stages = Array.from({ length: 10 }, () => asked(pool));
    for (let id = 1; id < 200; id += 2) {
      for (const stage of stages.filter(isOpen)) {
        open(stage, id);
        expect(pool.bytes).toBeLessThanOrEqual(POOL_BYTES);
      }
    }
    expect(stages.filter(isOpen).length).toBeLessThan(3);
    const cut = stages.find((stage) => !isOpen(stage));
    expect(cut?.frames().at(-1)).toMatch(/^GOAWAY \d+ ENHANCE_YOUR_CALM$/);
    expect(isOpen(open(other, 3, POST))).toBe(true);
    other.connection.head(other.stream(3), OK_HEAD, [], true);
    expect(other.frames().at(-1)).toMatch(/^HEADERS 3 :status=200/);
  });

  it("streams are counted that have few fields or none of their own", () => {
    const pool = new Pool(POOL_BYTES);
    const stage = asked(pool);
    let id = 1;
    for (; isOpen(stage); id += 2) open(stage, id, POST);
    expect(id / 2).toBeLessThan(POOL_BYTES / 1024);
    expect(pool.bytes).toBe(0);
  });

  it("an answer's beginning gives nothing back; its end does, and so do a reset and the end of the connection", () => {
    const pool = new Pool(POOL_BYTES);
    const [answered, reset, resetByPeer, gone] = [
      asked(pool),
      asked(pool),
      asked(pool),
      asked(pool),
    ];
    for (const stage of [answered, reset, resetByPeer, gone]) open(stage, 1);
    const each = pool.bytes / 4;
    expect(each).toBeGreaterThan(15_000);
    answered.connection.head(answered.stream(1), OK_HEAD);
    expect(pool.bytes).toBe(4 * each);
    answered.connection.finish(answered.stream(1), HeaderList.of(["grpc-status", "0"]));
    expect(pool.bytes).toBe(4 * each);
    answered.headers(1, HeaderList.of(["x", "y"]), Flag.EndStream);
    expect(pool.bytes).toBe(3 * each);
    reset.connection.reset(reset.stream(1), 8);
    resetByPeer.send(resetStream(1, 8));
    expect(pool.bytes).toBe(each);
    gone.connection.disconnected("the peer is gone");
    expect(pool.bytes).toBe(0);
  });
});
