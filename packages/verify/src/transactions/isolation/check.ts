import type { Spent } from "../../budget.ts";
import type { Verdict, Witness } from "../../verdict.ts";
import { at32 } from "../graph/index.ts";
import type { Transaction } from "../transaction.ts";
import { answers } from "./answers.ts";
import type { RegisterHistory } from "./history.ts";
import { type IsolationLevel, judge } from "./level.ts";
import { violation, wrongAnswer } from "./violation.ts";

/**
 * Does some commit order explain what these transactions over registers read? Exact at every level; the witness is that
 * order. Values written to one key must differ, or the verdict is `unknown`.
 */
export function checkIsolation(
  level: IsolationLevel,
  transactions: readonly Transaction[],
  spent: Spent,
): Verdict {
  const { history, wrong, unfit } = answers(transactions);
  if (unfit !== null) return { type: "unknown", steps: 0, why: unfit };
  const [first, ...others] = wrong.filter(
    ({ anomaly }) => level !== "read-uncommitted" || anomaly === "thin-air read",
  );
  if (first !== undefined) return wrongAnswer([first, ...others]);
  const judgement = judge(level, history, spent);
  switch (judgement.type) {
    case "holds": {
      // Adya's PL-1 asks for an order of versions only, and who reads what has no place in it.
      if (level === "read-uncommitted") return { type: "ok", witness: versions(history) };
      const order = judgement.order.map((node) => history.transactions[node]?.index ?? -1);
      return { type: "ok", witness: { type: "order", order } };
    }
    case "broken":
      return violation(level, history, judgement, spent);
    case "undecided":
      return { type: "unknown", steps: judgement.steps, why: "the budget ran out in the search" };
  }
}

/** The writers of each key in the order of the history: one order for all keys, so that there is no cycle of writes. */
function versions({ keys, writers, transactions }: RegisterHistory): Witness {
  const byKey = new Map<string, readonly number[]>();
  keys.forEach((key, k) => {
    const nodes = writers.item.slice(at32(writers.first, k), at32(writers.first, k + 1)).sort();
    byKey.set(
      String(key),
      [...nodes].map((node) => transactions[node]?.index ?? -1),
    );
  });
  return { type: "versions", versions: byKey };
}
