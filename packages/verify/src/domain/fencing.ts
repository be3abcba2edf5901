import type { History, Operation, Value } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { verdictOf, type WrongAnswer } from "../workloads/index.ts";

/**
 * Locks with fencing (Gray and Cheriton 1989; Kleppmann 2016). A lock may be lost without its holder knowing, so that mutual
 * exclusion alone protects nothing; the number that comes with it does. On each key:
 *
 * `acquire` → {fence}; `use` fence, ok where the resource accepted it, failed where it refused.
 *
 * Each acquisition has a fence of its own, above those of all that had returned before it was called. The resource never accepts a
 * fence after a higher one, nor one that nobody was given.
 */
export function checkFencing(history: History): Verdict {
  const keys = new Map<string, { acquired: Operation[]; used: Operation[] }>();
  for (const operation of history) {
    const part = keys.get(operation.key ?? "") ?? { acquired: [], used: [] };
    keys.set(operation.key ?? "", part);
    if (operation.outcome === "failed") continue;
    if (operation.f === "acquire") part.acquired.push(operation);
    if (operation.f === "use") part.used.push(operation);
  }
  const answers: WrongAnswer[] = [];
  for (const { acquired, used } of keys.values()) {
    answers.push(...rising(acquired.filter(isOk), fenceOfAcquire, "fence-order"));
    answers.push(...rising(used.filter(isOk), fenceOfUse, "stale-fence"));
    answers.push(...strangers(acquired, used.filter(isOk)));
  }
  return verdictOf(answers, history.length);
}

const isOk = ({ outcome }: Operation): boolean => outcome === "ok";

const fenceOfAcquire = ({ output }: Operation): number => {
  const fence = (output as { readonly [key: string]: Value } | null)?.["fence"];
  return typeof fence === "number" ? fence : Number.NaN;
};

const fenceOfUse = ({ input }: Operation): number => Number(input);

/** What had returned before another was called has the lower fence; of acquisitions, which have their own, strictly. */
function rising(
  operations: readonly Operation[],
  fenceOf: (operation: Operation) => number,
  anomaly: string,
): readonly WrongAnswer[] {
  const strict = anomaly === "fence-order";
  const byReturn = [...operations].sort((a, b) => a.returned - b.returned);
  const byCall = [...operations].sort((a, b) => a.called - b.called);
  const answers: WrongAnswer[] = [];
  const holders = new Map<number, Operation>();
  let highest: Operation | null = null;
  let returned = 0;
  for (const operation of byCall) {
    for (
      ;
      (byReturn[returned]?.returned ?? Number.POSITIVE_INFINITY) < operation.called;
      returned++
    ) {
      const before = byReturn[returned] as Operation;
      if (highest === null || fenceOf(before) > fenceOf(highest)) highest = before;
    }
    const fence = fenceOf(operation);
    const twin = strict ? holders.get(fence) : undefined;
    holders.set(fence, operation);
    const other = twin ?? (highest !== null && fence < fenceOf(highest) ? highest : undefined);
    if (other === undefined && !Number.isNaN(fence)) continue;
    const expected =
      other === undefined
        ? "a fence"
        : `a fence ${strict ? "above" : "not below"} ${fenceOf(other)} of operation ${other.index}`;
    const core = other === undefined ? [operation.index] : [other.index, operation.index];
    answers.push({ anomaly, operation: operation.index, expected, core });
  }
  return answers;
}

/** An acquisition of unknown outcome may have been given any fence. */
function strangers(
  acquired: readonly Operation[],
  used: readonly Operation[],
): readonly WrongAnswer[] {
  if (acquired.some(({ outcome }) => outcome === "unknown")) return [];
  const given = new Set(acquired.map(fenceOfAcquire));
  return used
    .filter((use) => !given.has(fenceOfUse(use)))
    .map(({ index }) => ({
      anomaly: "unknown-fence",
      operation: index,
      expected: "a fence that somebody was given",
      core: [index],
    }));
}
