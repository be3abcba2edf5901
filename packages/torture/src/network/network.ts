/** From one member to another: one direction of a link. */
export interface Link {
  readonly from: number;
  readonly to: number;
}

export type Impairment =
  | { readonly type: "drop" }
  | { readonly type: "lose"; readonly perMille: number }
  | { readonly type: "limit"; readonly bytesPerSecond: number }
  | { readonly type: "delay"; readonly millis: number }
  | { readonly type: "duplicate"; readonly perMille: number }
  | { readonly type: "reorder"; readonly perMille: number };

/** Lifts an impairment; resolves with the packets or chunks that it hit. */
export type Lift = () => Promise<number>;

/** How the members reach each other and are reached: the clients always reach them all. */
export interface Network {
  readonly kind: "namespaces" | "relays";
  placeOf(index: number): {
    readonly client: string;
    readonly peer: string;
    readonly advertisedPeer: string;
  };
  /** Put before a member's command. */
  prefixOf(index: number): readonly string[];
  /** Why this network cannot do that; null where it can. */
  lacks(type: Impairment["type"]): string | null;
  /** From now on, until it is lifted. Several may lie on one link. */
  impair(links: readonly Link[], impairment: Impairment): Promise<Lift>;
}

/** Both directions between the members of one side and those of the other. */
export const between = (one: readonly number[], other: readonly number[]): readonly Link[] =>
  one.flatMap((a) =>
    other.flatMap((b) => [
      { from: a, to: b },
      { from: b, to: a },
    ]),
  );

/** One direction only. */
export const towards = (from: readonly number[], to: readonly number[]): readonly Link[] =>
  from.flatMap((a) => to.map((b) => ({ from: a, to: b })));
