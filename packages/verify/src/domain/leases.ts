import type { History, Operation, Value } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { verdictOf, type WrongAnswer } from "../workloads/index.ts";

/**
 * Leases (Gray and Cheriton 1989). On each key a lease; times to live and `slack` are in the unit of the history:
 *
 * `grant` ttl; `renew` ttl; `revoke`; `alive` → true or false.
 *
 * A lease ends no earlier than its time to live after the last renewal was called, unless it is revoked; and it has ended when
 * that time, and `slack`, have passed since every renewal returned. In between, and beside a call, either answer is right.
 */
export function checkLeases(history: History, slack: number): Verdict {
  const leases = new Map<string, Operation[]>();
  for (const operation of history) {
    const lease = leases.get(operation.key ?? "");
    if (lease === undefined) leases.set(operation.key ?? "", [operation]);
    else lease.push(operation);
  }
  const answers: WrongAnswer[] = [];
  let compared = 0;
  for (const operations of leases.values()) {
    for (const alive of operations) {
      if (alive.f !== "alive" || alive.outcome !== "ok") continue;
      compared++;
      const wrong =
        alive.output === true ? outlived(alive, operations, slack) : early(alive, operations);
      if (wrong !== null) answers.push(wrong);
    }
  }
  return verdictOf(answers, compared);
}

const prolongs = ({ f, outcome }: Operation): boolean =>
  (f === "grant" || f === "renew") && outcome !== "failed";

const ttlOf = ({ input }: Operation): number => numberOf(input);

const numberOf = (value: Value): number => (typeof value === "number" ? value : Number.NaN);

/** It was certainly alive during the whole question. */
function early(alive: Operation, operations: readonly Operation[]): WrongAnswer | null {
  const revoked = operations.some(
    ({ f, outcome, called }) => f === "revoke" && outcome !== "failed" && called <= alive.returned,
  );
  if (revoked) return null;
  const holds = operations.find(
    (operation) =>
      prolongs(operation) &&
      operation.outcome === "ok" &&
      operation.returned < alive.called &&
      alive.returned < operation.called + ttlOf(operation),
  );
  if (holds === undefined) return null;
  return {
    anomaly: "expired-early",
    operation: alive.index,
    expected: `alive until ${holds.called + ttlOf(holds)} by operation ${holds.index}`,
    core: [holds.index, alive.index],
  };
}

/** It had certainly ended before the question, or never begun. */
function outlived(
  alive: Operation,
  operations: readonly Operation[],
  slack: number,
): WrongAnswer | null {
  const before = operations.filter(
    (operation) => prolongs(operation) && operation.called <= alive.returned,
  );
  const revoke = operations.find(
    ({ f, outcome, returned }) => f === "revoke" && outcome === "ok" && returned < alive.called,
  );
  if (revoke !== undefined && before.every(({ returned }) => returned < revoke.called)) {
    return answer("alive-after-revoke", alive, revoke, "not alive after its revocation");
  }
  const ends = before.map((operation) => operation.returned + ttlOf(operation) + slack);
  const end = Math.max(Number.NEGATIVE_INFINITY, ...ends);
  if (end >= alive.called) return null;
  const last = before[ends.indexOf(end)];
  if (last === undefined)
    return answer("never-granted", alive, alive, "not alive, for nobody granted it");
  return answer("outlived", alive, last, `not alive after ${end}`);
}

const answer = (
  anomaly: string,
  alive: Operation,
  other: Operation,
  expected: string,
): WrongAnswer => ({ anomaly, operation: alive.index, expected, core: [other.index, alive.index] });
