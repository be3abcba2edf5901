import type { Spent } from "../../budget.ts";
import { at32 } from "../graph/index.ts";
import { AcyclicGraph } from "./acyclic.ts";
import { Search } from "./cdcl.ts";
import type { Events } from "./events.ts";
import type { RegisterHistory } from "./history.ts";
import type { Judgement } from "./judgement.ts";
import { likelyOrder } from "./likely-order.ts";
import { Polygraph } from "./polygraph.ts";
import { Reasons } from "./reasons.ts";
import { VersionOrders } from "./version-orders.ts";

/**
 * Prefix consistency, snapshot isolation and serializability, whose axioms speak of the commit order itself, so that a search is
 * needed (Biswas-Enea: NP-complete, but for a bounded number of sessions). First all is inferred that follows by itself; mostly
 * this leaves little open. The rest is searched, beginning with an order that looks likely.
 */
export function strong(history: RegisterHistory, events: Events, spent: Spent): Judgement {
  const polygraph = new Polygraph(history, events);
  const cycle = polygraph.saturate(spent);
  if (cycle === "spent") return { type: "undecided", steps: polygraph.edges.count };
  if (cycle === null) return searchOrder(polygraph, spent);
  const reasons = new Reasons(polygraph);
  return { type: "broken", core: [...reasons.behind(cycle)], cycle: reasons.told(cycle) };
}

/** The rest by search alone. What is known has no cycle; it need not be saturated, but the search is the longer then. */
export function searchOrder(polygraph: Polygraph, spent: Spent): Judgement {
  const graph = new AcyclicGraph(polygraph.graph(), likelyOrder(polygraph));
  const orders = new VersionOrders(polygraph, graph);
  const search = new Search(orders);
  const found = search.run(spent);
  if (found === "spent") return { type: "undecided", steps: search.steps };
  if (found) return { type: "holds", order: commits(graph.order, polygraph) };
  const core = new Reasons(polygraph).behind(orders.conflictEdges);
  for (const t of orders.conflictTransactions()) core.add(t);
  return { type: "broken", core: [...core], cycle: null };
}

function commits(order: Int32Array, { history, events }: Polygraph): number[] {
  const place = (t: number): number => at32(order, events.leave(t));
  return history.transactions.map((_, t) => t).sort((a, b) => place(a) - place(b));
}
