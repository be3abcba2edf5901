import type { Link } from "./reach.ts";
import type { ReadsFrom } from "./reads-from.ts";

/** What the orders of a model contain, as seen by one process. Places are those of `ReadsFrom.operations`. */
export type Relation = (history: ReadsFrom, process: number) => readonly Link[];

/** Every process does one thing after another, and this is all that is kept (Lipton and Sandberg 1988). */
export const pram: Relation = (history, process) =>
  [...history.processes].flatMap(([other, places]) =>
    chain(places.filter((place) => other === process || isWrite(history, place))),
  );

/** What a process did, and whatever it had seen when it did it (Ahamad et al. 1995). */
export const causality: Relation = (history) => [
  ...[...history.processes.values()].flatMap(chain),
  ...history.operations.flatMap((_, place) => sawLink(history, place)),
];

/** Of this process, what it wrote before it read (Terry et al. 1994, as the others). */
export const readYourWrites: Relation = (history, process) =>
  pairs(placesOf(history, process), (a, b) => isWrite(history, a) && !isWrite(history, b));

export const monotonicReads: Relation = (history, process) =>
  chain(placesOf(history, process).filter((place) => !isWrite(history, place)));

/**
 * Of every process, for all see its writes. The reads of the one that sees are in order, too: were they not, each could stand
 * where it suits, and no history would break this guarantee. So a history that breaks it may break monotonic reads instead.
 */
export const monotonicWrites: Relation = (history, process) => [
  ...[...history.processes.values()].flatMap((places) =>
    chain(places.filter((place) => isWrite(history, place))),
  ),
  ...monotonicReads(history, process),
];

/** Of every process: what it read was written before what it then wrote. */
export const writesFollowReads: Relation = (history, process) =>
  [...history.processes].flatMap(([other, places]) =>
    pairs(places, (a, b) => !isWrite(history, a) && isWrite(history, b)).flatMap((link) => {
      const source = history.source[link.from] as number;
      const written =
        source < 0 ? [] : [{ ...link, from: source, why: `${link.why}, and had read it` }];
      return other === process ? [link, ...written] : written;
    }),
  );

/** The link from what a read saw. */
export function sawLink({ source }: ReadsFrom, place: number): readonly Link[] {
  const from = source[place] as number;
  return from < 0 ? [] : [{ from, to: place, kind: "wr", why: "it read what was written" }];
}

export const isWrite = ({ operations }: ReadsFrom, place: number): boolean =>
  operations[place]?.f === "write";

const placesOf = ({ processes }: ReadsFrom, process: number): readonly number[] =>
  processes.get(process) ?? [];

const chain = (places: readonly number[]): readonly Link[] =>
  places.slice(1).map((to, i) => sessionLink(places[i] as number, to));

function pairs(
  places: readonly number[],
  holds: (a: number, b: number) => boolean,
): readonly Link[] {
  return places.flatMap((a, i) =>
    places
      .slice(i + 1)
      .filter((b) => holds(a, b))
      .map((b) => sessionLink(a, b)),
  );
}

const sessionLink = (from: number, to: number): Link => ({
  from,
  to,
  kind: "session",
  why: "its process did it first",
});
