import type { Spent } from "../../budget.ts";
import type { Verdict, Violation } from "../../verdict.ts";
import type { Atom, Transaction } from "../transaction.ts";

/** Transactions judged again, all in all, to find and show a small core; it is a help to a reader and may not cost much. */
const JUDGED_MAX = 200_000;
/** A larger part is not made smaller: it would have to be judged too often. */
const WHOLE_MAX = JUDGED_MAX / 10;

/**
 * Judges, and of a violation shows that its core is enough: the core alone has the same anomaly, and has it no more once any one of
 * its transactions is left out. A circle whose version order comes from readers outside of it is given those readers. Where the
 * budget ends first the core is given as it was found, and not called minimal.
 */
export function withCore(
  judge: (transactions: readonly Transaction[], spent: Spent) => Verdict,
  transactions: readonly Transaction[],
  spent: Spent,
): Verdict {
  const verdict = judge(transactions, spent);
  if (verdict.type !== "violation") return verdict;
  let judged = 0;
  const breaks = (part: readonly Transaction[]): Violation | null => {
    judged += part.length;
    const again = judge(part, spent);
    return again.type === "violation" && again.anomaly === verdict.anomaly ? again : null;
  };
  const named = new Set(verdict.core);
  const found = transactions.filter(({ index }) => named.has(index));
  // A smaller part may lack the writer of what it reads, which is another anomaly: then more of the history comes in.
  let core: readonly Transaction[] = found;
  let shown = breaks(found);
  for (const wider of [() => neighbours(found, transactions), () => transactions]) {
    if (shown !== null) break;
    core = wider();
    if (core.length > WHOLE_MAX) return verdict;
    shown = breaks(core);
  }
  if (shown === null) return verdict;
  // Halves first, then ever smaller pieces (Zeller and Hildebrandt 2002); at last one by one, until none can be spared.
  let minimal = false;
  for (let size = Math.max(1, core.length >> 1); !minimal; size = Math.max(1, size >> 1)) {
    let spared = false;
    for (let at = 0; at < core.length; ) {
      if (judged > JUDGED_MAX || spent()) return small(verdict, core, shown, false);
      const rest: readonly Transaction[] = core.toSpliced(at, size);
      const still = breaks(rest);
      if (still === null) at += size;
      else [core, shown, spared] = [rest, still, true];
    }
    minimal = size === 1 && !spared;
  }
  return small(verdict, core, shown, true);
}

/** All that touch a key that one of the core touches: whoever orders the versions of those keys is among them. */
function neighbours(core: readonly Transaction[], all: readonly Transaction[]): Transaction[] {
  const keys = new Set<Atom>(core.flatMap(({ steps }) => steps.map(({ key }) => key)));
  return all.filter(({ steps }) => steps.some(({ key }) => keys.has(key)));
}

function small(
  { anomalies, anomaly }: Violation,
  core: readonly Transaction[],
  { evidence }: Violation,
  minimal: boolean,
): Violation {
  const indices = core.map(({ index }) => index);
  return { type: "violation", anomaly, anomalies, core: indices, minimal, evidence };
}
