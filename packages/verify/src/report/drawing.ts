import type { Bar, Bars } from "./bars.ts";
import { plain } from "./plain.ts";

/** Bars of one page; of a longer history those around the core. */
export const BARS_MAX = 20_000;
/** Operations of a core that are marked. */
const MARKED_MAX = 1000;
/** What the texts of all bars may take together, and one of them. */
const TEXT_BYTES_MAX = 3_000_000;
const BAR_TEXT_BYTES_MAX = 400;

/** What the page's script draws: columns, one entry for each bar, so that a page of ten thousand stays small. */
export interface Drawing {
  readonly timed: boolean;
  /** The processes, from above: lanes are numbered by it. */
  readonly processes: readonly number[];
  readonly index: readonly number[];
  readonly lane: readonly number[];
  /** From the first moment that is drawn, whose own time is `origin`. */
  readonly from: readonly number[];
  /** -1 where it stayed open. */
  readonly length: readonly number[];
  readonly origin: number;
  /** The moment after the last bar, from `origin`. */
  readonly end: number;
  /** A letter for each bar: o, f or u. */
  readonly outcome: string;
  readonly text: readonly string[];
  /** Places in these columns, not in the history. */
  readonly core: readonly number[];
}

/** The drawing of a history whose core is given. Where it is longer than a page takes, its neighbourhood of the core. */
export function drawingOf({ timed, bars }: Bars, core: readonly number[]): Drawing {
  const marked = core.filter((index) => bars[index] !== undefined).slice(0, MARKED_MAX);
  const shown = around(bars, marked);
  const processes = [...new Set(shown.map(({ process }) => process))].sort((a, b) => a - b);
  const lanes = new Map(processes.map((process, lane) => [process, lane]));
  const places = new Map(shown.map(({ index }, place) => [index, place]));
  const origin = shown.reduce((least, { from }) => Math.min(least, from), shown[0]?.from ?? 0);
  const last = shown.reduce((most, bar) => Math.max(most, lastOf(bar)), origin);
  const bytesMax = Math.min(
    BAR_TEXT_BYTES_MAX,
    Math.floor(TEXT_BYTES_MAX / Math.max(1, shown.length)),
  );
  return {
    timed,
    processes,
    index: shown.map(({ index }) => index),
    lane: shown.map(({ process }) => lanes.get(process) ?? 0),
    from: shown.map(({ from }) => from - origin),
    length: shown.map(({ from, to }) =>
      to === Number.POSITIVE_INFINITY ? -1 : lengthOf(from, to),
    ),
    origin,
    end: last - origin + 1,
    outcome: shown.map(({ outcome }) => outcome[0]).join(""),
    text: shown.map(({ text }) => plain(text(), bytesMax)),
    core: marked.flatMap((index) => places.get(index) ?? []),
  };
}

/** All of them, or the marked ones and what stands around the middle of them. */
function around(bars: readonly Bar[], marked: readonly number[]): readonly Bar[] {
  if (bars.length <= BARS_MAX) return bars;
  const first = marked.reduce((least, index) => Math.min(least, index), marked[0] ?? 0);
  const last = marked.reduce((most, index) => Math.max(most, index), 0);
  const room = BARS_MAX - marked.length;
  const middle = Math.floor((first + last) / 2) - Math.floor(room / 2);
  const start = Math.max(0, Math.min(middle, bars.length - room));
  const chosen = new Set(marked);
  for (let index = start; index < start + room; index++) chosen.add(index);
  return bars.filter((_, index) => chosen.has(index));
}

const lastOf = ({ from, to }: Bar): number => (to === Number.POSITIVE_INFINITY ? from : to);

/** Tenths suffice where a place is the unit, and a difference of decimals would have many digits. */
const lengthOf = (from: number, to: number): number => Math.round((to - from) * 10) / 10;
