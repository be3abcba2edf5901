import type { Spent } from "../../budget.ts";
import { causal } from "./causal.ts";
import { prefix, serializable, snapshotIsolation, strictSerializable } from "./events.ts";
import type { RegisterHistory } from "./history.ts";
import type { Judgement } from "./judgement.ts";
import { readAtomic } from "./read-atomic.ts";
import { readCommitted } from "./read-committed.ts";
import { repeatableRead } from "./repeatable-read.ts";
import { strong } from "./strong.ts";

/**
 * The levels, as the existence of a commit order that contains who reads from whom and, but for the first and the third, session
 * order (Biswas-Enea, OOPSLA 2019, figure 2). With t1 the writer that t3 reads a key from, and t2 another writer of that key:
 *
 * - `read-uncommitted`: Adya's PL-1 forbids cycles of writes. Registers do not show the order of writes, so that one without a
 *   cycle always exists; what is left is that nobody reads what nobody wrote.
 * - `read-committed`: t2 before t1 if t3 read something of t2 earlier. Stronger than Adya's PL-2.
 * - `repeatable-read`: Adya's PL-2.99, no cycle of dependencies on items. As all reads here are of items, that is
 *   serializability, without session order.
 * - `read-atomic`: t2 before t1 if t3 reads from t2, or comes after it in its session.
 * - `causal`: t2 before t1 if t2 is in the causal past of t3.
 * - `prefix`: t2 before t1 if t2 is before or is some t that t3 reads from, or comes after in its session.
 * - `snapshot-isolation`: as prefix, and the same for some t before t3 that wrote a key that t3 writes.
 * - `serializable`: t2 before t1 if t2 is before t3.
 * - `strict-serializable`: the same, and the commit order contains real time.
 */
export type IsolationLevel =
  | "read-uncommitted"
  | "read-committed"
  | "repeatable-read"
  | "read-atomic"
  | "causal"
  | "prefix"
  | "snapshot-isolation"
  | "serializable"
  | "strict-serializable";

/** Exact at each level, if it ends. */
export function judge(level: IsolationLevel, history: RegisterHistory, spent: Spent): Judgement {
  switch (level) {
    case "read-uncommitted":
      return { type: "holds", order: history.transactions.map((_, node) => node) };
    case "read-committed":
      return readCommitted(history);
    case "read-atomic":
      return readAtomic(history);
    case "causal":
      return causal(history);
    case "prefix":
      return strong(history, prefix, spent);
    case "snapshot-isolation":
      return strong(history, snapshotIsolation, spent);
    case "serializable":
      return strong(history, serializable, spent);
    case "repeatable-read":
      return repeatableRead(history, spent);
    case "strict-serializable":
      return strong(history, strictSerializable, spent);
  }
}
