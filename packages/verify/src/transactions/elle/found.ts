import type { Evidence, Verdict, Violation, Witness } from "../../verdict.ts";
import type { Transaction } from "../transaction.ts";
import { type ElleLevel, proscribedBy } from "./level.ts";

/** One anomaly, and what shows it. */
export interface Found {
  readonly anomaly: string;
  /** Indices in the history. */
  readonly core: readonly number[];
  readonly evidence: Evidence;
}

/** The first of each anomaly: one is enough to rule a level out. */
export class Findings {
  readonly #first = new Map<string, Found>();

  add(found: Found): void {
    if (!this.#first.has(found.anomaly)) this.#first.set(found.anomaly, found);
  }

  /** A transaction that answered what it could not, and others that show why not. */
  answer(
    anomaly: string,
    transaction: Transaction,
    expected: string,
    others: readonly Transaction[] = [],
  ): void {
    if (this.#first.has(anomaly)) return;
    const core = [...new Set([...others.map((t) => t.index), transaction.index])];
    const evidence = { type: "answer", operation: transaction.index, expected } as const;
    this.#first.set(anomaly, { anomaly, core, evidence });
  }

  names(): string[] {
    return [...this.#first.keys()];
  }

  /** What the level makes of it. Whether the core is minimal is for `withCore` to show. */
  verdict(level: ElleLevel, witness: () => Witness): Verdict {
    const proscribed = proscribedBy(level);
    const relevant = [...this.#first.values()]
      .filter((found) => proscribed.has(found.anomaly))
      .sort((a, b) => severity(a.anomaly) - severity(b.anomaly));
    const [worst] = relevant;
    if (worst === undefined) return { type: "ok", witness: witness() };
    return {
      type: "violation",
      anomaly: worst.anomaly,
      anomalies: [...new Set(relevant.flatMap((found) => [found.anomaly, plain(found.anomaly)]))],
      core: worst.core,
      minimal: false,
      evidence: worst.evidence,
    } satisfies Violation;
  }
}

/** All reads here name their items, so that G-single-item is what the papers call G-single. */
function plain(anomaly: string): string {
  return anomaly.startsWith("G-") ? anomaly.replace("-item", "") : anomaly;
}

/** The most telling first. */
const telling = [
  "duplicate-elements",
  "incompatible-order",
  "garbage-read",
  "internal",
  "future-read",
  "dirty-update",
  "G1a",
  "G1b",
  "cyclic-versions",
  "G0",
  "G1c",
  "lost-update",
  "G-single-item",
  "G-nonadjacent-item",
  "G2-item",
];

function severity(anomaly: string): number {
  const suffix = anomaly.endsWith("-realtime") ? 2 : anomaly.endsWith("-process") ? 1 : 0;
  const place = telling.indexOf(anomaly.replace(/-(?:realtime|process)$/, ""));
  return suffix * telling.length + place;
}
