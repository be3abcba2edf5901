import fc from "fast-check";
import { expect, it } from "vitest";
import { NO_WRITES, type Outcome } from "../../../src/core/index.ts";
import { EtcdKind } from "../../../src/machines/etcd/index.ts";
import { Driver, type OpAsk } from "./api.ts";

/** Before each command it asks what the command may change, and holds the machine to it. */
class Watchful extends Driver {
  override runAll(commands: Parameters<Driver["runAll"]>[0]): Outcome[] {
    const declared = commands.flatMap(({ kind, body }) => this.machine.writes(kind, body).ranges);
    const before = this.#revisions();
    const outcomes = super.runAll(commands);
    const after = this.#revisions();
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      if (before.get(key) === after.get(key)) continue;
      const named = declared.some(({ from, to }) => from <= key && (to === null || key < to));
      expect(named, `${JSON.stringify(key)} changed by ${commands[0]?.kind}`).toBe(true);
    }
    return outcomes;
  }

  #revisions(): ReadonlyMap<string, number> {
    const all = this.range({ key: "\0", end: "\0" }, 1000);
    return typeof all === "string" ? new Map() : new Map(all.kvs.map((kv) => [kv.key, kv.mod]));
  }
}

const key = fc.constantFrom("a", "a\0", "ab", "b", "\xff\xff");
const put = fc.record({ key, value: fc.constantFrom("1", "2"), lease: fc.constantFrom(0, 1, 2) });
const remove = fc.record({ key, end: fc.constantFrom("", "b", "\0") });
const { txn } = fc.letrec<{ txn: Parameters<Driver["txn"]>[0]; op: OpAsk }>((tie) => ({
  op: fc.oneof(
    { maxDepth: 2 },
    put.map((p) => ({ put: p })),
    remove.map((d) => ({ delete: d })),
    fc.record({ txn: tie("txn") }),
  ),
  txn: fc.record({
    compare: fc.constantFrom([], [{ result: 0, target: 0, key: "a", operand: 0 }]),
    success: fc.array(tie("op"), { maxLength: 3 }),
    failure: fc.array(tie("op"), { maxLength: 2 }),
  }),
}));
const step: fc.Arbitrary<(driver: Driver) => void> = fc.oneof(
  put.map((p) => (driver: Driver) => void driver.put(p)),
  remove.map((d) => (driver: Driver) => void driver.delete(d)),
  txn.map((t) => (driver: Driver) => void driver.txn(t)),
  fc.constantFrom(1, 2).map((id) => (driver: Driver) => void driver.grant(id, 2)),
  fc.constantFrom(1, 2).map((id) => (driver: Driver) => void driver.revoke(id)),
  fc.nat(3000).map((millis) => (driver: Driver) => driver.pass(millis)),
);

it("no command changes a key that it did not name before", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const driver = new Watchful();
      for (const act of steps) act(driver);
    }),
    { numRuns: 300, seed: 1 },
  );
});

it("whatever the bytes are, it says something, and of what does not decode that it changes nothing", () => {
  const driver = new Driver();
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(EtcdKind)), fc.uint8Array(), (kind, body) => {
      const { ranges } = driver.machine.writes(kind, body);
      expect(Array.isArray(ranges)).toBe(true);
    }),
    { numRuns: 2000, seed: 1 },
  );
  expect(driver.machine.writes(EtcdKind.put, Uint8Array.of(0x0a, 9))).toEqual(NO_WRITES);
  expect(driver.machine.writes(99, new Uint8Array(0)).ranges).toEqual([{ from: "", to: null }]);
});
