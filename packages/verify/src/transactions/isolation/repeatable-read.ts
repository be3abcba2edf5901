import type { Spent } from "../../budget.ts";
import { repeatableRead as events, serializable } from "./events.ts";
import { type RegisterHistory, restrict } from "./history.ts";
import type { Judgement } from "./judgement.ts";
import { strong } from "./strong.ts";

/**
 * Adya's PL-2.99 over items: serializability without session order. With session order there is less to search and what is known
 * falls into few chains, so that is tried first; a history that holds so holds without, and one that does not mostly breaks
 * this level by the same few transactions.
 */
export function repeatableRead(history: RegisterHistory, spent: Spent): Judgement {
  const ordered = strong(history, serializable, spent);
  if (ordered.type !== "broken") return ordered;
  const part = strong(restrict(history, ordered.core), events, spent);
  if (part.type !== "broken") return strong(history, events, spent);
  const node = (of: number): number => ordered.core[of] ?? 0;
  const cycle = part.cycle?.map((edge) => ({ ...edge, from: node(edge.from), to: node(edge.to) }));
  return { type: "broken", core: part.core.map(node), cycle: cycle ?? null };
}
