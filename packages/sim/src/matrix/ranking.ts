import type { Column, Matrix } from "./matrix.ts";
import type { Answers, Request } from "./probes.ts";
import { row, table } from "./table.ts";

/** The designs of the textbook, and the profile that stands for each. Quorums and two-phase commit join when there are any. */
const DESIGNS = {
  Paxos: "chubby",
  lease: "primary-sync",
  "write-all": "waro",
  asynchronous: "primary-async",
} as const;
type Design = keyof typeof DESIGNS;

/** Answered, of a thousand. */
type Shares = Readonly<Record<Request, number>>;

/** The degrees of card 60. */
export interface Degrees {
  readonly design: Design;
  /** Runs of all families in which what clients saw was linearizable, of a thousand. */
  readonly c: number;
  /** Acknowledged writes that were lost where it was probed. */
  readonly lost: number;
  /** While nodes fail, of all that was asked of those that ran. */
  readonly a: Shares;
  /** While links fail, by the side that fared worst. */
  readonly p: Shares;
}

/** Empty where the matrix has not all that is ranked. */
export function degreesOf(matrix: Matrix): readonly Degrees[] {
  const degrees = (Object.keys(DESIGNS) as Design[]).map((design) => degreesOfOne(matrix, design));
  return degrees.every((one) => one !== null) ? degrees : [];
}

function degreesOfOne({ columns, cells }: Matrix, design: Design): Degrees | null {
  const profile = DESIGNS[design];
  const own = columns.filter((column) => column.profile === profile);
  const a = overall(own.find(({ family }) => family === "node"));
  const p = worstSide(own.find(({ family }) => family === "network"));
  if (a === null || p === null) return null;
  const judged = cells.filter((cell) => cell.profile === profile && cell.model === "linearizable");
  const held = judged.reduce((sum, cell) => sum + cell.held, 0);
  const broken = judged.reduce((sum, cell) => sum + cell.broken, 0);
  const lost = own.reduce((sum, { availability }) => sum + (availability?.lost ?? 0), 0);
  return { design, c: perMille(held, held + broken), lost, a, p };
}

function overall(column: Column | undefined): Shares | null {
  if (column?.availability == null) return null;
  const { read, write } = column.availability.answers;
  return { read: shareOf(read.all), write: shareOf(write.all) };
}

/** A side that nobody stood on was not asked. Null: it was not probed. */
function worstSide(column: Column | undefined): Shares | null {
  if (column?.availability == null) return null;
  const { answers } = column.availability;
  const worst = (request: Request): number => {
    const { majority, minority } = answers[request];
    return Math.min(...[majority, minority].filter(isAsked).map(shareOf));
  };
  return { read: worst("read"), write: worst("write") };
}

const isAsked = ({ ok, refused, unanswered }: Answers): boolean => ok + refused + unanswered > 0;
const shareOf = ({ ok, refused, unanswered }: Answers): number =>
  perMille(ok, ok + refused + unanswered);
const perMille = (part: number, all: number): number =>
  all === 0 ? 0 : Math.floor((1000 * part) / all);

/** What the textbook says, and when that came out of the runs. */
const SENTENCES: readonly (readonly [
  sentence: string,
  holds: (of: Readonly<Record<Design, Degrees>>) => boolean,
])[] = [
  [
    "Paxos, leases and write-all keep C whole: what was acknowledged is seen, and stays",
    (of) => [of.Paxos, of.lease, of["write-all"]].every(({ c, lost }) => c === 1000 && lost === 0),
  ],
  [
    "asynchronous replication gives C away: acknowledged writes are lost with their primary",
    ({ asynchronous }) => asynchronous.lost > 0 || asynchronous.c < 1000,
  ],
  [
    "write-all has the least A for writes: one failed replica stops them",
    (of) => others(of, "write-all").every(({ a }) => a.write >= of["write-all"].a.write),
  ],
  [
    "write-all has the most A for reads: whichever replica is asked answers them",
    (of) => others(of, "write-all").every(({ a }) => a.read <= of["write-all"].a.read),
  ],
  [
    "leases pay for C with A: while a lost holder is waited out nobody answers, where Paxos elects",
    (of) => of.lease.a.write < of.Paxos.a.write,
  ],
  [
    "asynchronous replication has the most A for writes: nobody else is waited for",
    (of) => others(of, "asynchronous").every(({ a }) => a.write <= of.asynchronous.a.write),
  ],
  [
    "of a cut Paxos answers nothing on the side without a majority",
    ({ Paxos }) => Paxos.p.write === 0,
  ],
  [
    "leases bear a cut no better than Paxos: the holder's side stops with its tenure",
    (of) => of.lease.p.write <= of.Paxos.p.write,
  ],
  [
    "of the four only write-all reads go on on both sides of a cut",
    (of) => of["write-all"].p.read > 0 && others(of, "write-all").every(({ p }) => p.read === 0),
  ],
];

const others = (of: Readonly<Record<Design, Degrees>>, but: Design): readonly Degrees[] =>
  Object.values(of).filter(({ design }) => design !== but);

/** Lines of the page: the degrees, their order, and each sentence marked. Nothing where not all was measured. */
export function rankingSection(matrix: Matrix): readonly string[] {
  const degrees = degreesOf(matrix);
  if (degrees.length === 0) return [];
  const of = Object.fromEntries(degrees.map((one) => [one.design, one])) as Record<Design, Degrees>;
  return [
    "## The textbook's ranking",
    "",
    "C is the share of runs, of all columns, in which what clients saw was linearizable; A is what was answered while nodes failed, P what the side that fared worst answered while links did. Where a side has no",
    "majority, a design that promises C must answer nothing there: P counts that, and says so. Equal is what differs by less than a hundredth.",
    "",
    ...table(
      "design",
      ["profile", "C", "acknowledged writes lost", "A: reads, writes", "P: reads, writes"],
      degrees.map(({ design, c, lost, a, p }) =>
        row(design, [
          `\`${DESIGNS[design]}\``,
          perCent(c),
          String(lost),
          `${perCent(a.read)}, ${perCent(a.write)}`,
          `${perCent(p.read)}, ${perCent(p.write)}`,
        ]),
      ),
    ),
    "",
    `- C: ${ranked(degrees, ({ c }) => c)}`,
    `- A: ${ranked(degrees, ({ a }) => (a.read + a.write) / 2)}`,
    `- P: ${ranked(degrees, ({ p }) => (p.read + p.write) / 2)}`,
    "",
    ...SENTENCES.map(
      ([sentence, holds]) => `- ${holds(of) ? "Reproduced" : "**Not reproduced**"}: ${sentence}.`,
    ),
    "",
  ];
}

const perCent = (share: number): string => `${share / 10} %`;

/** The most first; who follows within a hundredth of the first of its equals is one of them. */
function ranked(degrees: readonly Degrees[], degree: (of: Degrees) => number): string {
  const sorted = [...degrees].sort((one, other) => degree(other) - degree(one));
  let text = "";
  let first = sorted[0];
  for (const one of sorted) {
    const isEqual = first !== undefined && degree(first) - degree(one) < 10;
    if (!isEqual) first = one;
    text += `${text === "" ? "" : isEqual ? " = " : " > "}${one.design}`;
  }
  return text;
}
