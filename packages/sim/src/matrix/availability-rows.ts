import type { Figures, Quantiles } from "./figures.ts";
import type { Column } from "./matrix.ts";
import type { Answers } from "./probes.ts";
import { row, table } from "./table.ts";

/** The table of availability of one profile (catalogue G7); nothing where nothing was probed. */
export function availabilityRows(columns: readonly Column[]): readonly string[] {
  if (columns.every(({ availability }) => availability === null)) return [];
  const line = (name: string, tell: (figures: Figures) => string): string =>
    row(
      name,
      columns.map(({ availability }) => (availability === null ? "—" : tell(availability))),
    );
  return table(
    "availability",
    columns.map(({ family }) => family),
    [
      line("reads: answered / refused / unanswered", ({ answers }) => shares(answers.read.all)),
      line("writes: answered / refused / unanswered", ({ answers }) => shares(answers.write.all)),
      line("reads answered with the majority", ({ answers }) => answered(answers.read.majority)),
      line("writes answered with the majority", ({ answers }) => answered(answers.write.majority)),
      line("reads answered in a minority", ({ answers }) => answered(answers.read.minority)),
      line("writes answered in a minority", ({ answers }) => answered(answers.write.minority)),
      line("a read, ms: median, p99", ({ latency }) => usual(latency.read)),
      line("a write, ms: median, p99", ({ latency }) => usual(latency.write)),
      line(
        "longest time without a write though there was a majority, ms: median, worst run",
        ({ quiet }) => extremes(quiet),
      ),
      line("first write after the leader was lost, ms: median, worst", ({ recovery }) =>
        recovery.count === 0 ? "—" : `${extremes(recovery)} of ${recovery.count}`,
      ),
      line("acknowledged writes lost", ({ lost, acknowledged }) => `${lost} of ${acknowledged}`),
    ],
  );
}

function shares({ ok, refused, unanswered }: Answers): string {
  const all = ok + refused + unanswered;
  return [ok, refused, unanswered].map((count) => perCent(count, all)).join(" / ");
}

function answered({ ok, refused, unanswered }: Answers): string {
  const all = ok + refused + unanswered;
  return all === 0 ? "—" : `${perCent(ok, all)} of ${all}`;
}

const perCent = (part: number, all: number): string =>
  all === 0 ? "—" : `${Math.round((1000 * part) / all) / 10} %`;

const usual = ({ median, p99 }: Quantiles): string => `${median ?? "—"}, ${p99 ?? "—"}`;
const extremes = ({ median, worst }: Quantiles): string => `${median ?? "—"}, ${worst ?? "—"}`;
