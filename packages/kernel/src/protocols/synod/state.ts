import {
  type Accepted,
  type Acceptor,
  type Ballot,
  type Bytes,
  drawBelow,
  type Effect,
  type GroupConfig,
  membersOf,
  type NodeId,
  type PersistSeq,
  type Random,
  type RequestId,
  type Step,
  type Ticks,
  type Vote,
} from "../../core/index.ts";
import type { SynodMessage } from "./message.ts";
import { encodeRecord } from "./record.ts";
import type { SynodSettings } from "./settings.ts";

export type SynodStep = Step<SynodState, SynodMessage>;
export type SynodEffect = Effect<SynodMessage>;

/** What a process of one decision knows. The first block must survive a crash; the rest is rebuilt. */
export interface SynodState {
  readonly acceptor: Acceptor<Bytes>;
  /** What was chosen, as far as it is known here. */
  readonly decided: Bytes | null;
  /** Its records were lost: it promises and accepts nothing until it knows what was chosen. */
  readonly repairing: boolean;

  readonly self: NodeId;
  readonly config: GroupConfig;
  readonly settings: SynodSettings;
  readonly random: Random;
  readonly proposer: Proposer;
  /** Who accepted under which ballot, and the values of these ballots. */
  readonly votes: readonly Vote[];
  readonly values: readonly Accepted<Bytes>[];
  /** Calls that end with the decision: proposals, whatever value wins, and readers. */
  readonly waiting: readonly { readonly id: RequestId; readonly proposes: boolean }[];
  readonly persisted: PersistSeq;
  readonly durable: PersistSeq;
  /** Members that have not acknowledged the decision yet. */
  readonly untold: readonly NodeId[];
  /** When to try, ask or tell again. */
  readonly retryAt: Ticks | null;
}

export type Proposer =
  | { readonly type: "Idle"; readonly rejected: number; readonly highest: Ballot }
  | {
      readonly type: "Preparing";
      readonly value: Bytes;
      readonly ballot: Ballot;
      readonly promised: readonly NodeId[];
      readonly found: Accepted<Bytes> | null;
      readonly rejected: number;
      readonly highest: Ballot;
      /** The own promise counts once this record is durable. */
      readonly promiseSeq: PersistSeq;
    }
  | {
      readonly type: "Accepting";
      /** What this proposer was asked to propose, should its ballot come to nothing. */
      readonly value: Bytes;
      readonly ballot: Ballot;
      readonly rejected: number;
      readonly highest: Ballot;
    };

export const othersOf = ({ config, self }: SynodState): readonly NodeId[] =>
  membersOf(config).filter((member) => member !== self);

export function persist(state: SynodState): SynodStep {
  const next = { ...state, persisted: (state.persisted + 1) as PersistSeq };
  return [next, [{ type: "Persist", record: encodeRecord(state), lastIndex: 0 as never }]];
}

/** Waits for the disk: it tells of a promise or of something accepted. */
export const send = ({ settings }: SynodState, to: NodeId, message: SynodMessage): SynodEffect => ({
  type: "Send",
  to,
  message,
  early: !settings.rules.persistBeforeReply,
  lane: "log",
});

/** After `patienceTicks` and a random part of as much again, doubled for every rejection in a row. */
export function retryLater(state: SynodState, now: Ticks): SynodState {
  const { patienceTicks, backOffDoublingsMax } = state.settings;
  const doublings = Math.min(state.proposer.rejected, backOffDoublingsMax);
  const [wait, random] = drawBelow(state.random, patienceTicks * 2 ** doublings);
  return { ...state, random, retryAt: (now + patienceTicks + wait) as Ticks };
}
