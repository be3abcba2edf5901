import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lane, type Waiting } from "../../../src/gateway/admission/index.ts";

const OPTIONS = {
  callsMax: 3,
  bytesMax: 100,
  waitingMax: 4,
  waitingBytesMax: 50,
  waitMs: 1000,
};
const FOREVER = Number.POSITIVE_INFINITY;

/** Calls that note by name what is said to them. */
function stage(options: Partial<typeof OPTIONS> = {}) {
  const lane = new Lane({ ...OPTIONS, ...options });
  const told: string[] = [];
  const wait = (name: string, bytes = 1, now = 0, deadline = FOREVER): Waiting | null =>
    lane.wait(
      {
        onAdmitted: () => void told.push(`${name} in`),
        onExpired: () => void told.push(`${name} expired`),
      },
      bytes,
      now,
      deadline,
    );
  const fill = (): void => {
    for (let i = 0; i < OPTIONS.callsMax; i++) lane.tryEnter(1);
    expect(lane.tryEnter(1)).toBe(false);
  };
  return { lane, told, wait, fill };
}

describe("a lane", () => {
  it("callsMax: lets so many in, the others in their order as these leave", () => {
    const { lane, told, wait, fill } = stage();
    fill();
    expect(lane.calls).toBe(3);
    wait("a");
    wait("b");
    lane.leave(1);
    expect(told).toEqual(["a in"]);
    expect(lane.tryEnter(1), "nobody overtakes b").toBe(false);
    lane.leave(1);
    lane.leave(1);
    expect(told).toEqual(["a in", "b in"]);
    expect(lane.tryEnter(1)).toBe(true);
  });

  it("bytesMax: holds no more bytes, but for one call that is larger and alone", () => {
    const { lane, told, wait } = stage();
    expect(lane.tryEnter(1000)).toBe(true);
    expect(lane.tryEnter(1)).toBe(false);
    wait("a");
    lane.leave(1000);
    expect(told).toEqual(["a in"]);
    expect(lane.tryEnter(99)).toBe(true);
    expect(lane.tryEnter(1)).toBe(false);
  });

  it("waitingMax: refuses one more at once and for certain", () => {
    const { lane, told, wait, fill } = stage();
    fill();
    for (const name of ["a", "b", "c", "d"]) expect(wait(name)).not.toBeNull();
    expect(wait("e")).toBeNull();
    expect(told).toEqual([]);
    expect(lane.refused).toEqual({ full: 1, expired: 0 });
  });

  it("waitingBytesMax: so too where few that are large wait", () => {
    const { lane, wait, fill } = stage();
    fill();
    expect(wait("a", 40)).not.toBeNull();
    expect(wait("b", 11)).toBeNull();
    expect(wait("c", 10)).not.toBeNull();
    expect(lane.waitingBytes).toBe(50);
  });

  it("waitMs: nobody waits longer, nor past a deadline of its own, and their places are others'", () => {
    const { lane, told, wait, fill } = stage();
    fill();
    wait("a", 1, 0);
    wait("b", 1, 0, 300);
    wait("c", 1, 500);
    wait("d", 1, 500, 600);
    expect(wait("e")).toBeNull();
    lane.expire(299);
    expect(told).toEqual([]);
    lane.expire(300);
    lane.expire(999);
    expect(told).toEqual(["b expired", "d expired"]);
    expect(wait("f", 1, 999)).not.toBeNull();
    lane.expire(1000);
    expect(told).toEqual(["b expired", "d expired", "a expired"]);
    lane.leave(1);
    lane.leave(1);
    expect(told.slice(3)).toEqual(["c in", "f in"]);
    expect(lane.refused).toEqual({ full: 1, expired: 3 });
  });

  it("forgets who withdraws, and is told of nobody twice", () => {
    const { lane, told, wait, fill } = stage();
    fill();
    const a = wait("a");
    wait("b");
    if (a !== null) lane.withdraw(a);
    lane.leave(1);
    if (a !== null) lane.withdraw(a);
    lane.expire(FOREVER);
    expect(told).toEqual(["b in"]);
    expect([lane.waiting, lane.waitingBytes, lane.calls]).toEqual([0, 0, 3]);
  });

  it("keeps nothing of those who ask and leave, over and over, while it is full", () => {
    const { lane, wait, fill } = stage();
    fill();
    wait("stays");
    for (let i = 0; i < 10_000; i++) {
      const waiting = wait(String(i));
      if (waiting !== null) lane.withdraw(waiting);
    }
    expect(lane.places).toBeLessThan(100);
  });

  it("a lower limit lets those under way go on, a higher one lets others in at once", () => {
    const { lane, told, wait, fill } = stage();
    fill();
    wait("a");
    lane.setCallsMax(1);
    lane.leave(1);
    lane.leave(1);
    expect([lane.calls, told]).toEqual([1, []]);
    lane.setCallsMax(2);
    expect([lane.calls, told]).toEqual([2, ["a in"]]);
  });

  it("lets in thousands that are over at once without a stack that grows with them", () => {
    const lane = new Lane({ ...OPTIONS, callsMax: 1, waitingMax: 100_000, waitingBytesMax: 1e6 });
    lane.tryEnter(1);
    let over = 0;
    const quick = {
      onAdmitted() {
        over++;
        lane.leave(1);
      },
      onExpired() {},
    };
    for (let i = 0; i < 100_000; i++) lane.wait(quick, 1, 0, FOREVER);
    lane.leave(1);
    expect([over, lane.calls, lane.waiting]).toEqual([100_000, 0, 0]);
  });

  it("never holds more than its bounds and loses nobody, whatever comes, leaves, withdraws and expires", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("come" as const), bytes: fc.integer({ min: 0, max: 120 }) }),
      fc.record({ do: fc.constantFrom("leave", "withdraw"), which: fc.nat(20) }),
      fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 900 }) }),
      fc.record({ do: fc.constant("limit" as const), calls: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const lane = new Lane(OPTIONS);
        const inside: number[] = [];
        const outside = new Map<Waiting, number>();
        let now = 0;
        let limit = OPTIONS.callsMax;
        for (const one of steps) {
          if (one.do === "come" && "bytes" in one) {
            const { bytes } = one;
            if (lane.tryEnter(bytes)) inside.push(bytes);
            else {
              let waiting: Waiting | null = null;
              const gone = (): void => {
                if (waiting !== null) outside.delete(waiting);
              };
              const onAdmitted = (): void => {
                gone();
                inside.push(bytes);
              };
              waiting = lane.wait({ onAdmitted, onExpired: gone }, bytes, now, FOREVER);
              if (waiting !== null) outside.set(waiting, bytes);
            }
          } else if (one.do === "leave" && inside.length > 0) {
            lane.leave(inside.shift() ?? 0);
          } else if (one.do === "withdraw" && "which" in one) {
            const [waiting] = [...outside.keys()].slice(one.which);
            if (waiting !== undefined) {
              outside.delete(waiting);
              lane.withdraw(waiting);
            }
          } else if ("ms" in one) {
            now += one.ms;
            lane.expire(now);
          } else if ("calls" in one) {
            limit = one.calls;
            lane.setCallsMax(limit);
          }
          const sum = (all: Iterable<number>): number => [...all].reduce((a, b) => a + b, 0);
          expect(lane.calls).toBe(inside.length);
          expect(lane.bytes).toBe(sum(inside));
          expect(lane.waiting).toBe(outside.size);
          expect(lane.waitingBytes).toBe(sum(outside.values()));
          expect(lane.calls).toBeLessThanOrEqual(5);
          if (lane.bytes > OPTIONS.bytesMax) expect(lane.bytes).toBe(Math.max(...inside));
          expect(lane.waiting).toBeLessThanOrEqual(OPTIONS.waitingMax);
          // Whoever waits, waits because there is no room: for calls, or for the bytes of the first of them.
          const [first] = outside.values();
          if (first !== undefined && lane.calls < limit)
            expect(lane.bytes + first).toBeGreaterThan(OPTIONS.bytesMax);
        }
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});
