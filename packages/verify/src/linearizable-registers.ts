import type { RegisterAction, RegisterOperation } from "./history.ts";

/** What a checker says: with what was found, or what was spent in vain. */
export type Verdict =
  | { readonly type: "ok" }
  /** No order explains these operations of one register; `longest` is the longest prefix of an order that was found. */
  | {
      readonly type: "violation";
      readonly key: string;
      readonly operations: readonly RegisterOperation[];
      readonly longest: readonly RegisterOperation[];
    }
  | { readonly type: "unknown"; readonly key: string; readonly steps: number };

/**
 * Is this history linearizable, each key a register (Herlihy and Wing 1990)? Registers are independent, so each is checked
 * by itself (locality); a register by the search of Wing and Gong with the memory of Lowe: a configuration, that is the
 * set of operations linearized and the value, is never explored twice.
 */
export function checkRegisters(
  history: readonly RegisterOperation[],
  stepsMax = 2_000_000,
): Verdict {
  const byKey = new Map<string, RegisterOperation[]>();
  for (const operation of history) {
    const known = byKey.get(operation.key);
    if (known === undefined) byKey.set(operation.key, [operation]);
    else known.push(operation);
  }
  for (const [key, operations] of [...byKey].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const verdict = checkRegister(key, operations, stepsMax);
    if (verdict.type !== "ok") return verdict;
  }
  return { type: "ok" };
}

interface Candidate {
  readonly operation: RegisterOperation;
  readonly called: number;
  /** Infinity where the outcome is unknown: it may take effect at any later time. */
  readonly returned: number;
  readonly must: boolean;
}

function checkRegister(
  key: string,
  operations: readonly RegisterOperation[],
  stepsMax: number,
): Verdict {
  const candidates = operations
    .filter(
      ({ action, outcome }) =>
        outcome === "ok" || (outcome === "unknown" && action.type !== "read"),
    )
    .map((operation): Candidate => {
      const must = operation.outcome === "ok";
      return {
        operation,
        called: operation.called,
        returned: must ? operation.returned : Number.POSITIVE_INFINITY,
        must,
      };
    })
    .sort(
      (a, b) =>
        a.called - b.called || a.returned - b.returned || a.operation.process - b.operation.process,
    );
  return search(key, operations, candidates, stepsMax);
}

interface Frame {
  readonly value: string | null;
  /** Next candidate to try at this depth. */
  next: number;
  readonly chosen: number;
}

function search(
  key: string,
  operations: readonly RegisterOperation[],
  candidates: readonly Candidate[],
  stepsMax: number,
): Verdict {
  const done = new Uint8Array(candidates.length);
  const seen = new Set<string>();
  const stack: Frame[] = [{ value: null, next: 0, chosen: -1 }];
  let mustLeft = candidates.filter(({ must }) => must).length;
  let longest: readonly RegisterOperation[] = [];
  let first = 0;
  for (let steps = 0; steps < stepsMax; steps++) {
    if (mustLeft === 0) return { type: "ok" };
    const frame = stack[stack.length - 1];
    if (frame === undefined) return { type: "violation", key, operations, longest };
    while (first < candidates.length && done[first] === 1) first++;
    const limit = earliestReturn(candidates, done, first);
    const found = nextCandidate(candidates, done, Math.max(frame.next, first), limit, frame.value);
    if (found === null) {
      stack.pop();
      if (frame.chosen >= 0) {
        done[frame.chosen] = 0;
        first = Math.min(first, frame.chosen);
        if (candidates[frame.chosen]?.must === true) mustLeft++;
      }
      continue;
    }
    frame.next = found.index + 1;
    done[found.index] = 1;
    const configuration = `${found.value ?? "\u0000"}|${signature(done, first)}`;
    if (seen.has(configuration)) {
      done[found.index] = 0;
      continue;
    }
    seen.add(configuration);
    if (candidates[found.index]?.must === true) mustLeft--;
    stack.push({ value: found.value, next: 0, chosen: found.index });
    if (stack.length - 1 > longest.length) longest = prefix(stack, candidates);
  }
  return { type: "unknown", key, steps: stepsMax };
}

/** Whatever is linearized next must have been called before any operation still open has returned. */
function earliestReturn(candidates: readonly Candidate[], done: Uint8Array, first: number): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (let i = first; i < candidates.length; i++) {
    const candidate = candidates[i] as Candidate;
    if (candidate.called > earliest) break;
    if (done[i] === 0 && candidate.returned < earliest) earliest = candidate.returned;
  }
  return earliest;
}

function nextCandidate(
  candidates: readonly Candidate[],
  done: Uint8Array,
  from: number,
  limit: number,
  value: string | null,
): { readonly index: number; readonly value: string | null } | null {
  for (let i = from; i < candidates.length; i++) {
    const candidate = candidates[i] as Candidate;
    if (candidate.called > limit) return null;
    if (done[i] === 1) continue;
    const next = apply(candidate.operation.action, value, candidate.must);
    if (next !== undefined) return { index: i, value: next };
  }
  return null;
}

/** The value afterwards, or undefined where this action cannot have seen that value. Of an unknown outcome nothing was told. */
function apply(
  action: RegisterAction,
  value: string | null,
  answered: boolean,
): string | null | undefined {
  switch (action.type) {
    case "read":
      return action.value === value ? value : undefined;
    case "write":
      return action.value;
    case "cas": {
      const holds = action.from === value;
      if (answered && action.applied !== null && action.applied !== holds) return undefined;
      return holds ? action.to : value;
    }
  }
}

/** The set of operations done, as text: where the first open one is, and the bits behind it. */
function signature(done: Uint8Array, first: number): string {
  let last = done.length;
  while (last > first && done[last - 1] === 0) last--;
  let start = first;
  while (start < last && done[start] === 1) start++;
  return `${start}:${String.fromCharCode(...done.subarray(start, last))}`;
}

const prefix = (
  stack: readonly Frame[],
  candidates: readonly Candidate[],
): readonly RegisterOperation[] =>
  stack.slice(1).flatMap(({ chosen }) => candidates[chosen]?.operation ?? []);
