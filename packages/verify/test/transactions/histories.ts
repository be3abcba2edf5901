import fc from "fast-check";
import type { Atom, IsolationLevel, Step, Transaction } from "../../src/transactions/index.ts";

/** From the weakest to the strongest; repeatable read stands beside them, below serializable. */
export const levels = [
  "read-uncommitted",
  "read-committed",
  "read-atomic",
  "causal",
  "prefix",
  "snapshot-isolation",
  "serializable",
  "strict-serializable",
] as const satisfies readonly IsolationLevel[];

/**
 * Sessions of transactions, one string each: `wx1` writes 1 to x, `rx1` reads it, `rx` reads the initial state, `r?x` is a read
 * whose answer is not known; `ax1` appends, `lx12` reads the list [1, 2] and `lx` the empty one. A `!` at the end says
 * that the transaction aborted, a `?` that nobody knows.
 */
export function history(...sessions: readonly (readonly string[])[]): Transaction[] {
  const all = sessions.flatMap((texts, session) =>
    texts.map((text, place) => transaction(text, session, place)),
  );
  return all.map((t, index) => ({ ...t, index }));
}

/** The same, one after the other in real time, in the order written. */
export function timed(transactions: readonly Transaction[]): Transaction[] {
  return transactions.map((t, i) => ({
    ...t,
    called: 2 * i,
    returned: t.outcome === "unknown" ? Number.POSITIVE_INFINITY : 2 * i + 1,
  }));
}

function transaction(text: string, session: number, place: number): Transaction {
  const outcome = text.endsWith("!") ? "failed" : text.endsWith("?") ? "unknown" : "ok";
  const steps = text
    .replace(/[!?]$/, "")
    .split(" ")
    .filter((word) => word !== "")
    .map(step);
  return { index: 0, session, place, steps, outcome, called: null, returned: null };
}

function step(word: string): Step {
  if (word.startsWith("r?")) return { type: "blind-read", key: word.slice(2) };
  const key = word[1] ?? "";
  const digits = word.slice(2);
  switch (word[0]) {
    case "w":
      return { type: "write", key, value: Number(digits) };
    case "r":
      return { type: "read", key, value: digits === "" ? null : Number(digits) };
    case "a":
      return { type: "append", key, value: Number(digits) };
    default:
      return { type: "read-list", key, value: digits.split("").map(Number) };
  }
}

/** Any transactions at all over registers: most answers fit some write, and few histories hold. */
export const anyRegisters: fc.Arbitrary<Transaction[]> = fc
  .array(
    fc.record({
      session: fc.nat(3),
      steps: fc.array(fc.record({ write: fc.boolean(), key: fc.nat(1), pick: fc.nat(20) }), {
        minLength: 1,
        maxLength: 3,
      }),
      called: fc.nat(8),
      took: fc.integer({ min: 1, max: 6 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((drawn) => {
    const written: number[][] = [[], []];
    // The value of the i-th step of transaction t, if it writes.
    const valueAt = (t: number, i: number): number => 1 + t * 3 + i;
    drawn.forEach(({ steps }, t) => {
      steps.forEach(({ write, key }, i) => {
        if (write) written[key]?.push(valueAt(t, i));
      });
    });
    const places = new Map<number, number>();
    return drawn.map(({ session, steps, called, took }, index) => {
      const place = places.get(session) ?? 0;
      places.set(session, place + 1);
      return {
        index,
        session,
        place,
        outcome: "ok" as const,
        called,
        returned: called + took,
        steps: steps.map(({ write, key, pick }, i): Step => {
          if (write) return { type: "write", key, value: valueAt(index, i) };
          const choices = [null, ...(written[key] ?? []), ...(pick === 20 ? [999] : [])];
          const chosen = pick === 20 ? 999 : (choices[pick % choices.length] ?? null);
          return { type: "read", key, value: chosen };
        }),
      };
    });
  });

/** Chance from a seed: the same everywhere. */
export function chance(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export interface Shape {
  readonly transactions: number;
  readonly sessions: number;
  readonly keys: number;
  readonly steps: number;
}

/** What a transaction of an execution wrote, by key. */
type Written = ReadonlyMap<Atom, Atom>;

/**
 * A run of a store that keeps to a level and, as far as chance goes, to no more: transactions commit in the order of the result, and
 * each reads the latest of what it sees. What it sees is what the level's definition says, drawn at random.
 */
export function execution(level: IsolationLevel, shape: Shape, seed: number): Transaction[] {
  const draw = chance(seed);
  const done: { readonly transaction: Transaction; readonly wrote: Written }[] = [];
  const seenBy: ReadonlySet<number>[] = [];
  const places = new Map<number, number>();
  let value = 0;
  for (let index = 0; index < shape.transactions; index++) {
    const session = draw(shape.sessions);
    const place = places.get(session) ?? 0;
    places.set(session, place + 1);
    const intents = Array.from({ length: 1 + draw(shape.steps) }, () => ({
      write: draw(2) === 0,
      key: draw(shape.keys),
    }));
    const keys = intents.filter((intent) => intent.write).map((intent) => intent.key);
    const seen = new Set(sight(level, session, keys, done, seenBy, draw));
    const wrote = new Map<Atom, Atom>();
    const steps = intents.map(({ write, key }): Step => {
      if (write) {
        wrote.set(key, ++value);
        return { type: "write", key, value };
      }
      // Read committed sees more with every step.
      if (level === "read-committed")
        for (let i = 0; i < index; i++) if (draw(3) === 0) seen.add(i);
      const latest = [...seen].sort((a, b) => b - a).find((i) => done[i]?.wrote.has(key));
      const others = latest === undefined ? undefined : done[latest]?.wrote.get(key);
      return { type: "read", key, value: wrote.get(key) ?? others ?? null };
    });
    const times = { called: 10 * index - draw(15), returned: 10 * index + 5 };
    const transaction = { index, session, place, steps, outcome: "ok" as const, ...times };
    done.push({ transaction, wrote });
    seenBy.push(seen);
  }
  return done.map(({ transaction }) => transaction);
}

function sight(
  level: IsolationLevel,
  session: number,
  keys: readonly number[],
  done: readonly { readonly transaction: Transaction; readonly wrote: Written }[],
  seenBy: readonly ReadonlySet<number>[],
  draw: (below: number) => number,
): number[] {
  const all = done.map((_, i) => i);
  const own = all.filter((i) => done[i]?.transaction.session === session);
  const upTo = (least: number): number[] => all.slice(0, least + draw(all.length - least + 1));
  const afterOwn = (own.at(-1) ?? -1) + 1;
  switch (level) {
    case "read-uncommitted":
    case "read-committed":
      return [];
    case "read-atomic":
      return [...own, ...all.filter(() => draw(2) === 0)];
    case "causal": {
      const picked = [...own, ...all.filter(() => draw(4) === 0)];
      return picked.flatMap((i) => [i, ...(seenBy[i] ?? [])]);
    }
    case "prefix":
      return upTo(afterOwn);
    case "snapshot-isolation": {
      const conflict = all.findLast((i) => keys.some((key) => done[i]?.wrote.has(key))) ?? -1;
      return upTo(Math.max(afterOwn, conflict + 1));
    }
    case "repeatable-read":
    case "serializable":
    case "strict-serializable":
      return all;
  }
}

/** Some reads answer with another value of their key. */
export function spoilt(
  transactions: readonly Transaction[],
  reads: number,
  seed: number,
): Transaction[] {
  const draw = chance(seed);
  const values = new Map<Atom, (Atom | null)[]>();
  for (const { steps } of transactions) {
    for (const s of steps) {
      if (s.type === "write") values.set(s.key, [...(values.get(s.key) ?? [null]), s.value]);
    }
  }
  const chosen = new Set(Array.from({ length: reads }, () => draw(transactions.length)));
  return transactions.map((t, i) => {
    if (!chosen.has(i)) return t;
    const steps = t.steps.map((s): Step => {
      const choices = values.get(s.key);
      if (s.type !== "read" || choices === undefined) return s;
      return { ...s, value: choices[draw(choices.length)] ?? null };
    });
    return { ...t, steps };
  });
}

/** The same execution over lists: every write appends, and every read shows what was appended by those it sees. */
export function asLists(transactions: readonly Transaction[]): Transaction[] {
  const orders = new Map<unknown, (string | number)[]>();
  for (const t of transactions) {
    for (const s of t.steps) {
      if (s.type === "write") orders.set(s.key, [...(orders.get(s.key) ?? []), s.value]);
    }
  }
  return transactions.map((t) => {
    const own = new Map<unknown, (string | number)[]>();
    const base = new Map<unknown, readonly (string | number)[]>();
    const steps = t.steps.map((s): Step => {
      if (s.type === "write") {
        own.set(s.key, [...(own.get(s.key) ?? []), s.value]);
        return { type: "append", key: s.key, value: s.value };
      }
      if (s.type !== "read") return s;
      const order = orders.get(s.key) ?? [];
      const mine = own.get(s.key) ?? [];
      const seen =
        base.get(s.key) ?? (s.value === null ? [] : order.slice(0, order.indexOf(s.value) + 1));
      if (mine.length === 0) base.set(s.key, seen);
      return { type: "read-list", key: s.key, value: [...seen, ...mine] };
    });
    return { ...t, steps };
  });
}
