import { FAULT_TYPES, kindOf } from "../faults/index.ts";
import { PROFILES } from "../profiles/index.ts";
import type { Model } from "../run/model.ts";
import { availabilityRows } from "./availability-rows.ts";
import { FAMILIES } from "./family.ts";
import type { Cell, Column, Matrix, MatrixSetup } from "./matrix.ts";
import { rankingSection } from "./ranking.ts";
import { row, table } from "./table.ts";
import { existingProfile } from "./task.ts";

/** The matrix as a page of Markdown. It depends on nothing else: the same matrix is the same page. */
export function pageOf(matrix: Matrix): string {
  const { setup, problems } = matrix;
  return [
    "# The measured matrix",
    "",
    introduction(matrix),
    "",
    ...(problems.length === 0 ? [] : ["## Broken promises", "", ...problems.map(item), ""]),
    ...rankingSection(matrix),
    ...setup.profiles.flatMap((profile) => [...profileSection(matrix, profile), ""]),
    "## Faults that bit",
    "",
    "How often each fault took effect, in the runs of its own family and in those of all.",
    "",
    ...bitesTable(matrix),
    "",
  ].join("\n");
}

function introduction({ setup }: Matrix): string {
  const { firstSeed, runs, probed } = setup;
  return `Written by \`${commandOf(setup)}\`; [matrix.json](matrix.json) has the same and more. What is measured here is the shipped code, in
[the simulator](simulator.md): ${runs} runs in each column, seeds ${firstSeed} to ${firstSeed + runs - 1}, each held against every model, promised or not, by the
checkers of [\`@quorate/verify\`](histories.md). Two runs of three have three nodes, the others five.

- **held n** says that the model held in n runs, and how many of all such runs break it at most, with a confidence of 95 % (3/n). It is no proof.
- **broken m/n** says that it broke in m of n runs; below the table stands a run that shows it, cut down, and what was seen.
- *Models in italics are not promised.* They are measured like the others, to show what a profile costs, or happens to keep.
- A dash: no run said anything of it. Not every run has watchers or leases, and one that did not recover is not held against what follows.

Each seed also draws slow, lossy networks, slow disks and skewed clocks, whatever the column; only without faults (\`none\`) all of that is exact. Clients do one
thing after the other, each on any node, so that sessions move. The guarantees of sessions are those of Terry et al. (1994);
monotonic writes are looked at through the reads of one client, which must be in order for that, so a history that breaks it may break monotonic reads instead.

The figures of availability come from ${probed} runs of each column: the same worlds and faults, with probes in the place of clients, which read and write at every founding
node, while it runs, ten times a second for ten seconds. A node stands with the majority while it runs and frames pass both ways between it and more
than half of the members, itself counted; in a minority while it reaches nobody who does, not even over others. Requests that began and ended there are told
apart. The state of disks does not count: one that hangs is a fault to be borne, and a member that lost its data has no vote until it is rebuilt, and runs. Times are
simulated milliseconds; where nodes stand and who leads is looked at every ten.`;
}

/** The call that writes this page again. */
function commandOf({ firstSeed, runs, probed, shrinkRuns, ...setup }: MatrixSetup): string {
  const some = (
    name: string,
    chosen: readonly string[],
    all: readonly { readonly name: string }[],
  ): string => (chosen.length === all.length ? "" : ` --${name} ${chosen.join(",")}`);
  return (
    `npm run matrix -- --runs ${runs} --probed ${probed} --first ${firstSeed} --shrink-runs ${shrinkRuns}` +
    some("profiles", setup.profiles, PROFILES) +
    some("families", setup.families, FAMILIES)
  );
}

function profileSection(matrix: Matrix, name: string): readonly string[] {
  const { about } = existingProfile(name);
  const columns = matrix.columns.filter(({ profile }) => profile === name);
  const cells = matrix.cells.filter(({ profile }) => profile === name);
  const isJudged = (model: Model): boolean =>
    cells.some((cell) => cell.model === model && cell.verdict !== "unjudged");
  const unjudged = matrix.models.filter((model) => !isJudged(model));
  const examples = examplesTold(cells);
  return [
    `## \`${name}\``,
    "",
    about,
    "",
    ...table(
      "model",
      columns.map(({ family }) => family),
      [
        row(
          "faults that bit",
          columns.map((column) => String(bitesOf(column))),
        ),
        ...matrix.models.filter(isJudged).map((model) => modelRow(model, columns, cells)),
      ],
    ),
    "",
    ...(unjudged.length === 0 ? [] : [`No run said anything of ${unjudged.join(", ")}.`, ""]),
    ...(examples.length === 0 ? [] : [...examples, ""]),
    ...availabilityRows(columns),
  ];
}

function modelRow(model: Model, columns: readonly Column[], cells: readonly Cell[]): string {
  const own = cells.filter((cell) => cell.model === model);
  const promised = own.some((cell) => cell.promised);
  return row(
    promised ? model : `*${model}*`,
    columns.map(({ family }) => {
      const cell = own.find((one) => one.family === family);
      return cell === undefined ? "—" : told(cell);
    }),
  );
}

function told({ verdict, held, broken, unknown, atMostPerMille }: Cell): string {
  const open = unknown === 0 ? "" : `, ${unknown} undecided`;
  switch (verdict) {
    case "held":
      return `held ${held} (≤ ${(atMostPerMille ?? 1000) / 10} %)${open}`;
    case "broken":
      return `**broken ${broken}/${held + broken}**${open}`;
    case "unjudged":
      return `—${open}`;
  }
}

/** One run often breaks several models: it is told once, with what each sees in it. */
function examplesTold(cells: readonly Cell[]): readonly string[] {
  const runs = new Map<string, string[]>();
  for (const { family, model, example } of cells) {
    if (example === null) continue;
    const { run, operations, faults, why } = example;
    const size = `${count(operations, "operation")}, ${count(faults, "fault")}`;
    const head = `- ${family}, ${size}: \`npx quorate sim --models --run ${run}\``;
    runs.set(run, [...(runs.get(run) ?? [head]), `  - ${model}: ${why}`]);
  }
  return [...runs.values()].flat();
}

const count = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? "" : "s"}`;

function bitesTable({ columns, setup }: Matrix): readonly string[] {
  const told = (profile: string, family: string, type: (typeof FAULT_TYPES)[number]): string => {
    const column = columns.find((one) => one.profile === profile && one.family === family);
    return column === undefined ? "—" : String(column.bites[type] ?? 0);
  };
  return table(
    "fault",
    ["family", ...setup.profiles],
    FAULT_TYPES.map((type) => {
      const { family } = kindOf(type);
      return row(`\`${type}\``, [
        family,
        ...setup.profiles.map((name) => `${told(name, family, type)} / ${told(name, "all", type)}`),
      ]);
    }),
  );
}

const bitesOf = ({ bites }: Column): number =>
  Object.values(bites).reduce((sum, count) => sum + count, 0);

const item = (text: string): string => `- ${text}`;
