import { Dice } from "@quorate/sim";
import type { Operation, Step, Transaction } from "@quorate/verify";

/** Between the moments at which two operations take effect, one after the other. */
const GAP = 10;
const PROCESSES = 10;
/** Appends to one key before the workload turns to a new one: what a read returns stays short, as in Elle's generator. */
const APPENDS_PER_KEY = 32;
const ACTIVE_KEYS = 10;
const STEPS = 4;

/** Reads and writes of registers by ten processes that overlap, each in force at one moment: a linearizable history. */
export function registerHistory(
  operations: number,
  keys: number,
  seed: bigint,
): readonly Operation[] {
  const dice = new Dice(seed);
  const values = new Map<string, number>();
  const drafts = Array.from({ length: operations }, (_, i) => {
    const key = `k${dice.below(keys)}`;
    const write = dice.chance(500);
    if (write) values.set(key, i);
    return {
      process: i % PROCESSES,
      f: write ? "write" : "read",
      key,
      input: write ? i : null,
      output: write ? null : (values.get(key) ?? null),
      outcome: "ok" as const,
      ...around(i, dice),
    };
  });
  drafts.sort((a, b) => a.called - b.called || a.returned - b.returned || a.process - b.process);
  return drafts.map((draft, index) => ({ index, ...draft }));
}

/** Transactions of four appends and reads of whole lists, each in force at one moment: strictly serializable. */
export function listHistory(transactions: number, seed: bigint): readonly Transaction[] {
  const dice = new Dice(seed);
  const lists = new Map<number, number[]>();
  let firstKey = 0;
  return inOrderOfCalls(
    Array.from({ length: transactions }, (_, i) => {
      const steps = Array.from({ length: STEPS }, (_, j): Step => {
        const key = firstKey + dice.below(ACTIVE_KEYS);
        const list = lists.get(key) ?? [];
        if (dice.chance(500)) return { type: "read-list", key, value: [...list] };
        const value = i * STEPS + j;
        lists.set(key, [...list, value]);
        if (list.length + 1 >= APPENDS_PER_KEY) firstKey = Math.max(firstKey, key + 1);
        return { type: "append", key, value };
      });
      return { session: i % PROCESSES, steps, ...around(i, dice) };
    }),
  );
}

/** Transactions over registers, one after the other, by sessions drawn at random; nobody says when. */
export function registerTransactions(
  shape: {
    readonly transactions: number;
    readonly sessions: number;
    readonly steps: number;
    readonly keys: number;
  },
  seed: bigint,
): readonly Transaction[] {
  const dice = new Dice(seed);
  const values = new Map<number, number>();
  const places = Array.from({ length: shape.sessions }, () => 0);
  return Array.from({ length: shape.transactions }, (_, index) => {
    const session = dice.below(shape.sessions);
    const place = places[session] ?? 0;
    places[session] = place + 1;
    const steps = Array.from({ length: shape.steps }, (_, j): Step => {
      const key = dice.below(shape.keys);
      if (dice.chance(500)) return { type: "read", key, value: values.get(key) ?? null };
      // 0 is left to those who take it for the initial value.
      const value = 1 + index * shape.steps + j;
      values.set(key, value);
      return { type: "write", key, value };
    });
    return { index, session, place, steps, outcome: "ok" as const, called: null, returned: null };
  });
}

/** When the i-th was called and returned: it overlaps others, and never another of its own process. */
function around(i: number, dice: Dice): { readonly called: number; readonly returned: number } {
  const reach = (GAP * PROCESSES) / 2;
  const moment = GAP * (i + PROCESSES);
  return { called: moment - dice.below(reach), returned: moment + 1 + dice.below(reach - 1) };
}

interface Draft {
  readonly session: number;
  readonly steps: readonly Step[];
  readonly called: number;
  readonly returned: number;
}

function inOrderOfCalls(drafts: readonly Draft[]): readonly Transaction[] {
  const sorted = [...drafts].sort((a, b) => a.called - b.called || a.session - b.session);
  const places = new Map<number, number>();
  return sorted.map((draft, index) => {
    const place = places.get(draft.session) ?? 0;
    places.set(draft.session, place + 1);
    return { ...draft, index, place, outcome: "ok" as const };
  });
}
