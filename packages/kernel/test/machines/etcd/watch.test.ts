import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RequestId, WatchSink } from "../../../src/core/index.ts";
import { EtcdKind } from "../../../src/machines/etcd/index.ts";
import { Driver, events, message, type WatchEvent } from "./api.ts";

interface WatchAsk {
  readonly key: string;
  readonly end?: string;
  readonly start?: number;
  readonly noPut?: boolean;
  readonly noDelete?: boolean;
  readonly prevKv?: boolean;
}

const id = (n: number): RequestId => n as RequestId;
const COMPACTED = "etcdserver: mvcc: required revision has been compacted";

function request(a: WatchAsk): Uint8Array {
  const filters = [...(a.noPut ? [0] : []), ...(a.noDelete ? [1] : [])];
  return message(
    [1, a.key],
    [2, a.end ?? ""],
    [3, a.start ?? 0],
    [5, Uint8Array.from(filters)],
    [6, a.prevKv ? 1 : 0],
  );
}

/** What a stream of one watcher got, checked against what every watcher is promised (section 9.6). */
class Received {
  readonly events: WatchEvent[] = [];
  compacted: number | null = null;
  /** Everything up to here was promised to be delivered. */
  bookmark = 0;

  take(revision: number, part: readonly WatchEvent[]): void {
    const last = this.events.at(-1)?.kv.mod ?? 0;
    const first = part[0]?.kv.mod ?? 0;
    expect(first).toBeGreaterThan(Math.max(last, this.bookmark));
    const mods = part.map((e) => e.kv.mod);
    expect(mods).toEqual([...mods].sort((a, b) => a - b));
    expect(revision).toBeGreaterThanOrEqual(mods.at(-1) ?? 0);
    this.events.push(...part);
    this.bookmark = Math.max(this.bookmark, revision);
  }
}

class Streams implements WatchSink {
  readonly received = new Map<RequestId, Received>();
  readonly parts: { readonly ids: readonly RequestId[]; readonly part: Uint8Array }[] = [];

  events(ids: readonly RequestId[], revision: number, part: Uint8Array): void {
    expect(new Set(ids).size).toBe(ids.length);
    this.parts.push({ ids, part });
    const decoded = events(part);
    for (const i of ids) this.received.get(i)?.take(revision, decoded);
  }

  compacted(i: RequestId, compactRevision: number): void {
    const received = this.received.get(i);
    expect(received?.compacted).toBeNull();
    if (received !== undefined) received.compacted = compactRevision;
  }
}

function open(d: Driver, streams: Streams, n: number, ask: WatchAsk): void {
  streams.received.set(id(n), new Received());
  expect(d.machine.watches.watch(id(n), request(ask))).toEqual({ revision: d.machine.revision });
}

function pumpAll(d: Driver, streams: Streams): void {
  while (d.machine.watches.pump(1000, streams));
}

const keys = (r: Received | undefined): string =>
  r?.events.map((e) => `${e.type === "put" ? "+" : "-"}${e.kv.key}${e.kv.mod}`).join(" ") ?? "";

describe("opening (sections 9.1, 9.2)", () => {
  test.each<{ ask: WatchAsk; want: string | null; why: string }>([
    { ask: { key: "a", start: -1 }, want: COMPACTED, why: "before the beginning" },
    { ask: { key: "b", end: "a" }, want: "mvcc: watcher range is empty", why: "the end is below" },
    {
      ask: { key: "b", end: "b" },
      want: "mvcc: watcher range is empty",
      why: "the end is the key",
    },
    { ask: { key: "b", end: "\0" }, want: null, why: "a zero byte is no end" },
    { ask: { key: "", end: "\0" }, want: null, why: "no key is the first one" },
    { ask: { key: "a", start: 99 }, want: null, why: "the future is allowed" },
    { ask: { key: "a", start: 1 }, want: null, why: "what is compacted is found out later" },
  ])("$ask: $why", ({ ask, want }) => {
    const d = new Driver();
    d.put({ key: "a" });
    d.put({ key: "a" });
    d.compact(3);
    expect(d.machine.watches.watch(id(1), request(ask))).toEqual(
      want === null ? { revision: 3 } : { refused: want },
    );
    expect(d.machine.watches.count).toBe(want === null ? 1 : 0);
  });

  test("one watcher too many is refused, and there is room again when one leaves", () => {
    const d = new Driver({ watchersMax: 1 });
    const { watches } = d.machine;
    watches.watch(id(1), request({ key: "a" }));
    expect(watches.watch(id(2), request({ key: "a" }))).toEqual({
      refused: "etcdserver: too many requests",
    });
    watches.unwatch(id(1));
    expect(watches.watch(id(2), request({ key: "a" }))).toEqual({ revision: 1 });
  });

  test("start 0 begins behind the revision it was told, even if the last batch was not pumped yet", () => {
    const d = new Driver();
    const s = new Streams();
    d.put({ key: "a" });
    open(d, s, 1, { key: "a" });
    open(d, s, 2, { key: "a", start: 2 });
    open(d, s, 3, { key: "a", start: 4 });
    pumpAll(d, s);
    d.put({ key: "a" });
    d.put({ key: "a" });
    pumpAll(d, s);
    expect(keys(s.received.get(id(1)))).toBe("+a3 +a4");
    expect(keys(s.received.get(id(2)))).toBe("+a2 +a3 +a4");
    expect(keys(s.received.get(id(3)))).toBe("+a4");
  });

  test("a start below the compact revision opens and then ends as compacted; at it all is well", () => {
    const d = new Driver();
    const s = new Streams();
    for (let i = 0; i < 5; i++) d.put({ key: "a" });
    d.delete({ key: "a" });
    d.compact(7);
    while (d.machine.tidy(100));
    open(d, s, 1, { key: "a", start: 6 });
    open(d, s, 2, { key: "a", start: 7, prevKv: true });
    pumpAll(d, s);
    expect(s.received.get(id(1))).toMatchObject({ compacted: 7, events: [] });
    expect(s.received.get(id(2))).toMatchObject({
      compacted: null,
      events: [{ type: "delete", prev: null }],
    });
    expect(d.machine.watches.count).toBe(1);
  });
});

describe("events (section 9.3)", () => {
  test("filters, prev_kv and deletions are as asked", () => {
    const d = new Driver();
    const s = new Streams();
    open(d, s, 1, { key: "a", prevKv: true });
    open(d, s, 2, { key: "a", noPut: true });
    open(d, s, 3, { key: "a", noDelete: true });
    open(d, s, 4, { key: "a", noPut: true, noDelete: true });
    d.put({ key: "a", value: "1" });
    d.put({ key: "a", value: "2" });
    d.delete({ key: "a" });
    d.put({ key: "a", value: "3" });
    pumpAll(d, s);
    expect(s.received.get(id(1))?.events).toEqual([
      {
        type: "put",
        kv: { key: "a", create: 2, mod: 2, version: 1, value: "1", lease: 0 },
        prev: null,
      },
      { type: "put", kv: expect.anything(), prev: expect.objectContaining({ value: "1", mod: 2 }) },
      {
        type: "delete",
        kv: { key: "a", create: 0, mod: 4, version: 0, value: "", lease: 0 },
        prev: expect.objectContaining({ value: "2", version: 2 }),
      },
      { type: "put", kv: expect.objectContaining({ version: 1 }), prev: null },
    ]);
    expect(keys(s.received.get(id(2)))).toBe("-a4");
    expect(keys(s.received.get(id(3)))).toBe("+a2 +a3 +a5");
    expect(s.received.get(id(4))?.events).toEqual([]);
  });

  test("the expiry of a lease is a deletion of its keys, sorted, in one revision", () => {
    const d = new Driver();
    const s = new Streams();
    open(d, s, 1, { key: "\0", end: "\0" });
    d.grant(7, 5);
    d.put({ key: "b", lease: 7 });
    d.put({ key: "a", lease: 7 });
    d.pass(5000);
    pumpAll(d, s);
    expect(keys(s.received.get(id(1)))).toBe("+b2 +a3 -a4 -b4");
  });

  test("all who need the same bytes get the same part", () => {
    const d = new Driver();
    const s = new Streams();
    for (let i = 0; i < 50; i++)
      open(d, s, i, i % 2 === 0 ? { key: "a" } : { key: "\0", end: "\0" });
    open(d, s, 50, { key: "a", prevKv: true });
    d.put({ key: "a" });
    pumpAll(d, s);
    expect(s.parts.map(({ ids }) => ids.length).sort((a, b) => a - b)).toEqual([1, 50]);
  });

  test("lists of events that begin and end alike are still told apart", () => {
    const d = new Driver();
    const s = new Streams();
    open(d, s, 1, { key: "a", end: "c" });
    open(d, s, 2, { key: "b", end: "d" });
    open(d, s, 3, { key: "a", end: "bb" });
    for (const k of ["b", "a", "c", "b"]) d.put({ key: k });
    pumpAll(d, s);
    expect(keys(s.received.get(id(1)))).toBe("+b2 +a3 +b5");
    expect(keys(s.received.get(id(2)))).toBe("+b2 +c4 +b5");
    expect(s.parts.map(({ ids }) => ids)).toEqual([[3, 1], [2]]);
  });

  test("catching up takes parts of at most a thousand revisions", () => {
    const d = new Driver();
    const s = new Streams();
    for (let i = 0; i < 2500; i++) d.put({ key: "a" });
    open(d, s, 1, { key: "a", start: 1 });
    while (d.machine.watches.pump(100_000, s));
    expect(s.parts.map(({ part }) => events(part).length)).toEqual([1000, 1000, 500]);
  });

  test("catching up takes parts of about a mebibyte", () => {
    const d = new Driver();
    const s = new Streams();
    for (let i = 0; i < 30; i++) d.put({ key: "a", value: "x".repeat(100_000) });
    open(d, s, 1, { key: "a", start: 1 });
    pumpAll(d, s);
    expect(s.parts.map(({ part }) => Math.round(part.length / 100_000))).toEqual([11, 11, 8]);
  });

  test("what was applied in one batch with the compaction that takes it is still handed out", () => {
    const d = new Driver();
    const s = new Streams();
    open(d, s, 1, { key: "a" });
    open(d, s, 2, { key: "a" });
    const put = { kind: EtcdKind.put, body: message([1, "a"]) };
    d.runAll([put, put, put, { kind: EtcdKind.compact, body: message([1, 4]) }]);
    while (d.machine.tidy(100));
    d.machine.watches.stall(id(2));
    pumpAll(d, s);
    expect(keys(s.received.get(id(1)))).toBe("+a2 +a3 +a4");
    expect(keys(s.received.get(id(2)))).toBe("");
    d.machine.watches.drain(id(2));
    pumpAll(d, s);
    expect(s.received.get(id(2))?.compacted).toBe(4);
  });
});

describe("progress (section 9.5)", () => {
  test("is the current revision when all are up to date, and null while one is not", () => {
    const d = new Driver();
    const s = new Streams();
    const { watches } = d.machine;
    open(d, s, 1, { key: "a" });
    expect(watches.progress([id(1)])).toBe(1);
    d.put({ key: "b" });
    pumpAll(d, s);
    expect(watches.progress([id(1)])).toBe(2);
    open(d, s, 2, { key: "a", start: 1 });
    expect(watches.progress([id(1), id(2)])).toBeNull();
    pumpAll(d, s);
    expect(watches.progress([id(1), id(2)])).toBe(2);
    watches.stall(id(1));
    expect(watches.progress([id(1)])).toBeNull();
    watches.drain(id(1));
    expect(watches.progress([id(1)])).toBe(2);
    open(d, s, 3, { key: "a", start: 9 });
    expect(watches.progress([id(1), id(3)])).toBeNull();
    expect(watches.progress([id(1), id(99)])).toBeNull();
  });
});

const KEYS = ["a", "ab", "b", "c", "d"] as const;
const key = fc.constantFrom(...KEYS);
const ask: fc.Arbitrary<WatchAsk> = fc.record({
  key,
  end: fc.constantFrom("", "", "\0", "e"),
  start: fc.constantFrom(0, 0, 1, 3, 10, 20),
  noPut: fc.constantFrom(false, false, true),
  noDelete: fc.constantFrom(false, false, true),
  prevKv: fc.boolean(),
});
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ put: key }) },
  { weight: 3, arbitrary: fc.record({ delete: key, end: fc.constantFrom("", "e") }) },
  { weight: 2, arbitrary: fc.record({ open: ask }) },
  { weight: 1, arbitrary: fc.record({ close: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ stall: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ drain: fc.nat() }) },
  { weight: 5, arbitrary: fc.record({ pump: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ compactBack: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ tidy: fc.nat(10) }) },
);

interface Opened {
  readonly ask: WatchAsk;
  readonly from: number;
  isStalled: boolean;
}

function isWanted(a: WatchAsk, e: WatchEvent): boolean {
  const isIn =
    a.end === "" || a.end === undefined
      ? e.kv.key === a.key
      : e.kv.key >= a.key && (a.end === "\0" || e.kv.key < a.end);
  return isIn && !(e.type === "put" ? a.noPut : a.noDelete);
}

test("watchers see every event of their range once, in order, whole revisions, wherever they stall", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), (steps) => {
      const d = new Driver();
      const s = new Streams();
      const { watches } = d.machine;
      const opened: Opened[] = [];
      const history: WatchEvent[] = [];
      let compacted = 0;
      for (const w of steps) {
        if ("put" in w) {
          const prev = d.range({ key: w.put });
          d.put({ key: w.put, value: String(d.machine.revision) });
          record(d, history, "put", w.put, prev);
        } else if ("delete" in w) {
          const prev = d.delete({ key: w.delete, end: w.end, prevKv: true });
          if (typeof prev === "string") throw new Error(prev);
          for (const kv of prev.prevs) recordDelete(d, history, kv);
        } else if ("open" in w) {
          if (w.open.end === "e" && w.open.key >= "e") continue;
          open(d, s, opened.length, w.open);
          opened.push({
            ask: w.open,
            from: w.open.start || d.machine.revision + 1,
            isStalled: false,
          });
        } else if ("close" in w && opened.length > 0) {
          const n = w.close % opened.length;
          watches.unwatch(id(n));
          s.received.delete(id(n));
        } else if ("stall" in w && opened.length > 0) {
          const n = w.stall % opened.length;
          watches.stall(id(n));
          (opened[n] as Opened).isStalled = true;
        } else if ("drain" in w && opened.length > 0) {
          const n = w.drain % opened.length;
          watches.drain(id(n));
          (opened[n] as Opened).isStalled = false;
        } else if ("pump" in w) {
          const before = opened.map((_, n) => s.received.get(id(n))?.events.length);
          watches.pump(w.pump, s);
          opened.forEach((o, n) => {
            if (o.isStalled) expect(s.received.get(id(n))?.events.length).toBe(before[n]);
          });
        } else if ("compactBack" in w) {
          const at = d.machine.revision - w.compactBack;
          if (typeof d.compact(at) !== "string") compacted = at;
        } else if ("tidy" in w) d.machine.tidy(w.tidy);
        checkProgress(d, s, opened, history);
      }
      for (let n = 0; n < opened.length; n++) watches.drain(id(n));
      while (watches.pump(3, s));
      opened.forEach((o, n) => {
        const received = s.received.get(id(n));
        if (received === undefined) return;
        const wanted = history.filter((e) => e.kv.mod >= o.from && isWanted(o.ask, e));
        const got = received.events.map((e) => ({ ...e, prev: null }));
        // A watcher that ended as compacted got all up to some point, whole revisions, and nothing else.
        const prefix = received.compacted === null ? wanted : wanted.slice(0, got.length);
        expect(got).toEqual(prefix.map((e) => ({ ...e, prev: null })));
        if (received.compacted !== null) {
          const next = wanted[got.length];
          if (next !== undefined) expect(next.kv.mod).not.toBe(got.at(-1)?.kv.mod);
          expect(received.compacted).toBeLessThanOrEqual(compacted);
        }
        for (const [i, e] of received.events.entries()) {
          if (!o.ask.prevKv) expect(e.prev).toBeNull();
          else if (e.prev !== null) expect(e.prev).toEqual(prefix[i]?.prev);
          else if (e.kv.mod > compacted) expect(prefix[i]?.prev).toBeNull();
        }
      });
    }),
    { seed: 81, numRuns: 800 },
  );
});

function record(
  d: Driver,
  history: WatchEvent[],
  type: "put",
  k: string,
  before: ReturnType<Driver["range"]>,
): void {
  const after = d.range({ key: k });
  if (typeof after === "string" || typeof before === "string" || after.kvs[0] === undefined) return;
  history.push({ type, kv: after.kvs[0], prev: before.kvs[0] ?? null });
}

function recordDelete(d: Driver, history: WatchEvent[], prev: WatchEvent["kv"]): void {
  const kv = { key: prev.key, create: 0, mod: d.machine.revision, version: 0, value: "", lease: 0 };
  history.push({ type: "delete", kv, prev });
}

/** Progress of a watcher promises that it got all its events up to there. */
function checkProgress(
  d: Driver,
  s: Streams,
  opened: readonly Opened[],
  history: readonly WatchEvent[],
): void {
  opened.forEach((o, n) => {
    const received = s.received.get(id(n));
    const progress = d.machine.watches.progress([id(n)]);
    if (received === undefined || progress === null) return;
    const wanted = history.filter(
      (e) => e.kv.mod >= o.from && e.kv.mod <= progress && isWanted(o.ask, e),
    );
    expect(received.events.length).toBe(wanted.length);
    received.bookmark = Math.max(received.bookmark, progress);
  });
}
