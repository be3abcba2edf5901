export interface BullySettings {
  /**
   * Where the epoch of a coordinator comes from. `own`: one above all that it has heard of; coordinators on two sides of a cut may use
   * the same. `authority`: from a `Configure` that names it; until then it is elected, and coordinates nothing.
   */
  readonly epochs: "own" | "authority";
  /** A member that comes back takes over from a lower coordinator. Off: it leaves one alone that it hears. */
  readonly preempt: boolean;
  readonly beatTicks: number;
  /** So many missing beats in a row begin an election. */
  readonly missesMax: number;
  /** For so long a member waits for an answer of a higher one: twice the longest delay of a message, for the paper's promise. */
  readonly answerTicks: number;
  /** For so long it waits, once answered, for somebody to announce itself. */
  readonly coordinatorTicks: number;
  /** After so many such waits in vain, whoever answered and announced nothing is passed over. */
  readonly waitsMax: number;
  /** For how long it is. */
  readonly passOverTicks: number;
}

export const DEFAULT_SETTINGS: BullySettings = Object.freeze({
  epochs: "own",
  preempt: true,
  beatTicks: 100,
  missesMax: 5,
  answerTicks: 200,
  coordinatorTicks: 400,
  waitsMax: 2,
  passOverTicks: 10_000,
});
