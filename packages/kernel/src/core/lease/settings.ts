import { type Drift, heldTicks, owedTicks } from "./drift.ts";
import { ALL_LEASE_RULES, type LeaseRules } from "./rules.ts";

/** What both ends of a lease must agree on. */
export interface LeaseTerms {
  readonly drift: Drift;
  readonly rules: LeaseRules;
}

export interface TableSettings extends LeaseTerms {
  /** Shorter makes short faults of the network visible, longer delays writes and the discovery of failures. */
  readonly leaseTicks: number;
  /**
   * What a reader gets of a datum that a write waits for. `block`: nothing before the write is applied (the base form); `noLease`: the
   * value, not to be cached; `boundedEnd`: a lease that ends no later than those granted before the write came.
   */
  readonly duringWrite: "block" | "noLease" | "boundedEnd";
  /** A write asks the holders to drop, and waits for each until it has or its lease has ended. */
  readonly revokes: boolean;
  /** A holder that has not answered is asked again. */
  readonly revokeRetryTicks: number;
  /** Leases at one time, of all data; beyond it readers get the value without one. */
  readonly leasesMax: number;
  /** The same of one holder. */
  readonly leasesPerHolderMax: number;
}

export interface IssuerSettings extends TableSettings {
  /**
   * What survives a crash. `table`: each lease, so that only leased data wait after it, and their holders can be asked to drop; one
   * record per lease. `longest`: the largest duration ever granted, so that every write waits that long after a restart; one record.
   */
  readonly persistence: "table" | "longest";
  /** Data that have ever been written; a write of another is refused. */
  readonly dataMax: number;
  /** Writes that wait for one datum; beyond it they are refused. */
  readonly writesMax: number;
  /** Reads that wait for the writes of one datum; beyond it they get no answer, and their readers give up. */
  readonly blockedReadsMax: number;
}

export interface HolderSettings extends LeaseTerms {
  /** A read that is not answered for so long fails. */
  readonly readTicksMax: number;
  /** Reads that wait for the issuer; beyond it they fail at once. */
  readonly waitingMax: number;
}

const TERMS: LeaseTerms = { drift: { perMillion: 10_000 }, rules: ALL_LEASE_RULES };

export const DEFAULT_ISSUER_SETTINGS: IssuerSettings = Object.freeze({
  ...TERMS,
  leaseTicks: 10_000,
  persistence: "longest",
  duringWrite: "noLease",
  revokes: true,
  revokeRetryTicks: 200,
  leasesMax: 1_000_000,
  leasesPerHolderMax: 100_000,
  dataMax: 1_000_000,
  writesMax: 1024,
  blockedReadsMax: 4096,
});

export const DEFAULT_HOLDER_SETTINGS: HolderSettings = Object.freeze({
  ...TERMS,
  readTicksMax: 5_000,
  waitingMax: 1024,
});

/** How long the holder may count on it, by these terms. */
export const heldBy = ({ drift, rules }: LeaseTerms, durationTicks: number): number =>
  rules.driftMargin ? heldTicks(durationTicks, drift) : durationTicks;

/** How long the issuer is bound by it, by these terms. */
export const owedBy = ({ drift, rules }: LeaseTerms, durationTicks: number): number =>
  rules.driftMargin ? owedTicks(durationTicks, drift) : durationTicks;
