/**
 * The safety rules of a replica beside its protocol's own, each with a switch: see `RaftRules`. The server's configuration
 * cannot express them.
 */
export interface ReplicaRules {
  /** A request that comes again under its number is not applied again (A4). */
  readonly atMostOnce: boolean;
  /** The numbers that were seen travel with every snapshot. */
  readonly sessionsInSnapshots: boolean;
  /** After a restart nothing is served before all is applied that was committed before it. */
  readonly replayBeforeServing: boolean;
  /** A leader's log time goes on where its predecessor's stood, so that leases end when they were to. */
  readonly logTimeGoesOn: boolean;
  /** What a deposed leader says of the time counts no longer than its entries do. */
  readonly logTimeByTerm: boolean;
  /** A group that lost durable records is rebuilt from its peers, however much of it is readable. */
  readonly rebuildDamaged: boolean;
  /** A group whose birth may be among what was lost comes back silent (JN-2). */
  readonly rebornAreSilent: boolean;
  /** A replica whose state differs from its group's stops serving (F10). */
  readonly quarantineDeviating: boolean;
  /** Of who holds an entry a leader says something only where it is its own: another may stand at that place (card 63). */
  readonly acksByEpoch: boolean;
  /** Lost writes are in a file of their own before anything is undone: not after, when they are gone. */
  readonly exportBeforeUndo: boolean;
}

export const ALL_REPLICA_RULES: ReplicaRules = Object.freeze({
  atMostOnce: true,
  sessionsInSnapshots: true,
  replayBeforeServing: true,
  logTimeGoesOn: true,
  logTimeByTerm: true,
  rebuildDamaged: true,
  rebornAreSilent: true,
  quarantineDeviating: true,
  acksByEpoch: true,
  exportBeforeUndo: true,
});

/** The safety rules of offices (cards 7, 8). */
export interface OfficeRules {
  /** The holder of an office stops before anybody else is appointed, by the bound on clock rates. */
  readonly tenureWithinBound: boolean;
  /** Nobody is appointed before the last holder's tenure is over (card 8, rule 2). */
  readonly waitOutTenure: boolean;
  /** So many are asked that one of them surely holds what was acknowledged: W + R > N (card 5). */
  readonly askEnough: boolean;
  /** Where what too few held may be lost, so many are asked still that one of every majority is: what a majority holds stays (card 63). */
  readonly promoteByMajority: boolean;
}

export const ALL_OFFICE_RULES: OfficeRules = Object.freeze({
  tenureWithinBound: true,
  waitOutTenure: true,
  askEnough: true,
  promoteByMajority: true,
});
