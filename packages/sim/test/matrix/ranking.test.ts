import { type Matrix, pageOf } from "@quorate/sim";
import { expect, it } from "vitest";

type Column = Matrix["columns"][number];
type Cell = Matrix["cells"][number];
type Side = readonly [ok: number, refused: number];

const NO_TIMES = { count: 0, median: null, p99: null, worst: null };
const answers = ([ok, refused]: Side) => ({ ok, refused, unanswered: 0 });
const standings = (majority: Side, minority: Side) => ({
  majority: answers(majority),
  minority: answers(minority),
  neither: answers([0, 0]),
  all: answers([majority[0] + minority[0], majority[1] + minority[1]]),
});

/** A column in which both sides were asked so many reads and writes. */
function column(
  profile: string,
  family: string,
  read: readonly [majority: Side, minority: Side],
  write: readonly [majority: Side, minority: Side],
  lost = 0,
): Column {
  const availability = {
    runs: 1,
    answers: { read: standings(...read), write: standings(...write) },
    latency: { read: NO_TIMES, write: NO_TIMES },
    quiet: NO_TIMES,
    recovery: NO_TIMES,
    interrupted: 0,
    acknowledged: 100,
    lost,
  };
  const counts = { runs: 10, operations: 10, operationsOk: 10 };
  return { profile, family, ...counts, bites: {}, never: [], availability };
}

const cell = (profile: string, held: number, broken: number): Cell => ({
  profile,
  family: "node",
  model: "linearizable",
  promised: true,
  verdict: broken === 0 ? "held" : "broken",
  held,
  broken,
  unknown: 0,
  atMostPerMille: null,
  example: null,
});

const ALL: Side = [100, 0];
const NONE: Side = [0, 100];
const NOBODY: Side = [0, 0];

const profiles = ["chubby", "primary-sync", "waro", "primary-async"];
const columns: readonly Column[] = [
  column("chubby", "node", [[95, 5], NOBODY], [[95, 5], NOBODY]),
  column("chubby", "network", [ALL, NONE], [ALL, NONE]),
  column("primary-sync", "node", [[80, 20], NOBODY], [[80, 20], NOBODY]),
  column("primary-sync", "network", [ALL, NONE], [ALL, NONE]),
  column("waro", "node", [[99, 1], NOBODY], [[20, 80], NOBODY]),
  column(
    "waro",
    "network",
    [
      [90, 10],
      [40, 60],
    ],
    [NONE, NONE],
  ),
  column("primary-async", "node", [[96, 4], NOBODY], [[96, 4], NOBODY], 3),
  column("primary-async", "network", [ALL, NONE], [ALL, [1, 99]]),
];
const cells = [
  ...profiles.slice(0, 3).map((name) => cell(name, 10, 0)),
  cell("primary-async", 8, 2),
];

const page = (changed: Partial<Matrix> = {}): string =>
  pageOf({
    setup: { profiles: [], families: [], firstSeed: 1, runs: 10, probed: 1, shrinkRuns: 1 },
    models: ["linearizable"],
    columns,
    cells,
    problems: [],
    ...changed,
  });

it("AV-6: the degrees are those of the worst side that anybody stood on, ranked with ties shown", () => {
  const text = page();
  expect(text).toContain("| Paxos | `chubby` | 100 % | 0 | 95 %, 95 % | 0 %, 0 % |");
  expect(text).toContain("| write-all | `waro` | 100 % | 0 | 99 %, 20 % | 40 %, 0 % |");
  expect(text).toContain("| asynchronous | `primary-async` | 80 % | 3 | 96 %, 96 % | 0 %, 1 % |");
  expect(text).toContain("- C: Paxos = lease = write-all > asynchronous");
  expect(text).toContain("- A: asynchronous > Paxos > lease > write-all");
  expect(text).not.toContain("Not reproduced");
  expect(page()).toBe(text);
});

it("AV-6: a sentence that the runs contradict is marked, not hidden", () => {
  const lost = columns.map((one) =>
    one.profile === "chubby" && one.availability !== null
      ? { ...one, availability: { ...one.availability, lost: 1 } }
      : one,
  );
  expect(page({ columns: lost })).toContain("**Not reproduced**: Paxos, leases and write-all");
});

it("AV-6: without all four designs nothing is ranked", () => {
  const some = columns.filter(({ profile }) => profile !== "waro");
  expect(page({ columns: some })).not.toContain("ranking");
});
