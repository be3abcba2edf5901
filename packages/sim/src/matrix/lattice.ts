import type { Model } from "../run/model.ts";

/**
 * What follows from what, as `@quorate/verify` defines the models: each is asked for an order that contains the relations of
 * those below it. Its monotonic writes keep the reads of the one who sees in order, too, so that monotonic reads follow.
 */
const FOLLOWS: Partial<Readonly<Record<Model, readonly Model[]>>> = {
  linearizable: ["linearizable-writes", "sequential"],
  sequential: ["causal-memory"],
  "causal-memory": ["pram", "writes-follow-reads"],
  pram: ["read-your-writes", "monotonic-reads", "monotonic-writes"],
  "monotonic-writes": ["monotonic-reads"],
};

/** Of the runs of a cell: in how many the model held, broke, or could not be decided. */
export interface Counts {
  readonly held: number;
  readonly broken: number;
  readonly unknown: number;
}

/** All models that hold wherever this one does. */
export function weakerThan(model: Model): readonly Model[] {
  const direct = FOLLOWS[model] ?? [];
  return [...new Set(direct.flatMap((weaker) => [weaker, ...weakerThan(weaker)]))];
}

/**
 * Where verdicts over the same runs contradict each other: a model cannot hold in more runs than one that follows from it.
 * Then a checker is wrong, or what it was given.
 */
export function contradictions(counts: ReadonlyMap<Model, Counts>): readonly string[] {
  return [...counts].flatMap(([model, strong]) =>
    weakerThan(model).flatMap((weaker) => {
      const weak = counts.get(weaker) ?? { held: 0, broken: 0, unknown: 0 };
      return strong.held <= weak.held + weak.unknown
        ? []
        : [`${model} held in ${strong.held} runs, and ${weaker}, which follows, in ${weak.held}`];
    }),
  );
}
