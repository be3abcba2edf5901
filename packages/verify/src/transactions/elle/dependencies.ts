import type { Edge } from "../../verdict.ts";
import { addRealtime, EdgeList, SESSION } from "../graph/index.ts";
import type { Transaction } from "../transaction.ts";
import { type ElleLevel, proscribedBy } from "./level.ts";

/** The orders that the history gives besides its data: whether operations of one process, and times, may be compared. */
export interface Orders {
  readonly process: boolean;
  readonly realtime: boolean;
}

/** Which of the given orders the level speaks of: with none, it allows a transaction to see the past of its own session. */
export function ordersOf(level: ElleLevel, given: Orders): Orders {
  const proscribed = [...proscribedBy(level)];
  const realtime = given.realtime && proscribed.some((name) => name.endsWith("-realtime"));
  const process = given.process && proscribed.some((name) => name.endsWith("-process"));
  return { process, realtime };
}

/** The graph of what may have committed: node v is `transactions[v]`; nodes beyond those are moments of real time. */
export class Dependencies {
  readonly transactions: readonly Transaction[];
  readonly edges = new EdgeList();
  nodes: number;

  constructor(transactions: readonly Transaction[]) {
    this.transactions = transactions;
    this.nodes = transactions.length;
  }

  add(from: number, to: number, kind: number, cause: number): void {
    if (from !== to) this.edges.add(from, to, kind, cause);
  }

  addOrders(orders: Orders): void {
    if (orders.process) this.#addSessions();
    if (orders.realtime) this.nodes = addRealtime(this.transactions, this.nodes, this.edges);
  }

  #addSessions(): void {
    const last = new Map<number, number>();
    const byPlace = this.transactions.map((_, v) => v);
    byPlace.sort(
      (a, b) => (this.transactions[a]?.place ?? 0) - (this.transactions[b]?.place ?? 0) || a - b,
    );
    for (const v of byPlace) {
      const session = this.transactions[v]?.session ?? 0;
      const previous = last.get(session);
      if (previous !== undefined) this.edges.add(previous, v, SESSION, -1);
      last.set(session, v);
    }
  }
}

/** What an edge between two transactions means, for the key that it is about. */
export interface Reason {
  readonly kind: Edge["kind"];
  readonly key: string | null;
  readonly why: string;
}
