import { utf8 } from "@quorate/kernel/core";
import { expect, test } from "vitest";
import { Lanes } from "../../src/transport/lanes.ts";
import { TRANSPORT_LIMITS } from "../../src/transport/limits.ts";
import { parseAddress } from "../../src/transport/sockets.ts";

const limits = {
  ...TRANSPORT_LIMITS,
  controlBytesMax: 1000,
  logBytesMax: 2000,
  bulkBytesMax: 10_000,
  bulkBytesPerSecond: 100_000,
};
const parts = [utf8("x")];

test("control goes before log before bulk, whatever came first; within a lane the first comes first", () => {
  const lanes = new Lanes(limits);
  const order = ["bulk", "log", "control", "log", "control"] as const;
  for (const [i, lane] of order.entries()) {
    expect(lanes.put(lane, [utf8(String(i))], 1)).toBe(true);
  }
  const taken = order.map(() => lanes.take(0)?.parts[0]?.[0]);
  expect(taken.map((byte) => String.fromCharCode(byte ?? 0)).join("")).toBe("24130");
  expect(lanes.take(0)).toBeNull();
});

test("a lane refuses what is beyond its bound, and the others are not affected", () => {
  const lanes = new Lanes(limits);
  expect(lanes.put("control", parts, 600)).toBe(true);
  expect(lanes.put("control", parts, 600)).toBe(false);
  expect(lanes.put("log", parts, 1500)).toBe(true);
  lanes.take(0);
  expect(lanes.put("control", parts, 600)).toBe(true);
});

test("frames of nothing, and of many small parts, count by what it costs to hold them", () => {
  const lanes = new Lanes(limits);
  let empty = 0;
  while (empty < 100 && lanes.put("control", [], 0)) empty++;
  expect(empty).toBeLessThan(10);
  expect(
    lanes.put(
      "log",
      Array.from({ length: 100 }, () => utf8("x")),
      100,
    ),
  ).toBe(true);
  expect(lanes.put("log", parts, 1)).toBe(false);
});

test("an empty lane takes one frame of any size, or it could never be sent", () => {
  const lanes = new Lanes(limits);
  expect(lanes.put("control", parts, 5000)).toBe(true);
  expect(lanes.put("control", parts, 1)).toBe(false);
});

test("the bulk lane sends no more than its pace and one frame, and never delays the others", () => {
  const lanes = new Lanes(limits);
  let sent = 0;
  for (let now = 0; now <= 1000; now++) {
    while (lanes.put("bulk", parts, 1000));
    lanes.put("log", parts, 1);
    expect(lanes.take(now)?.lane).toBe("log");
    while (lanes.take(now) !== null) sent += 1000;
  }
  expect(sent).toBeLessThanOrEqual(100_000 + 1000 + 1000);
  expect(sent).toBeGreaterThanOrEqual(98_000);
});

test("the wait that the bulk lane names is long enough and no longer than needed", () => {
  const lanes = new Lanes(limits);
  for (let i = 0; i < 3; i++) lanes.put("bulk", parts, 2000);
  expect(lanes.bulkWaitMillis(50)).toBe(0);
  while (lanes.take(50) !== null);
  const wait = lanes.bulkWaitMillis(50);
  expect(wait).toBeGreaterThan(0);
  expect(lanes.take(50 + wait - 1)).toBeNull();
  expect(lanes.take(50 + wait)).not.toBeNull();
});

test("an address is host and port, with brackets around IPv6; all else is refused with what to write", () => {
  expect(parseAddress("db-1.local:2380")).toEqual({ host: "db-1.local", port: 2380 });
  expect(parseAddress("[::1]:0")).toEqual({ host: "::1", port: 0 });
  for (const wrong of ["", "2380", ":2380", "a:", "a:99999", "::1:2380", "a:b:1", "[::1]"]) {
    expect(() => parseAddress(wrong), wrong).toThrow(/host:port/);
  }
});
