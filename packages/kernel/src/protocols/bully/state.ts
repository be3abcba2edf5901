import {
  type Effect,
  type FixedTimeout,
  type GroupConfig,
  membersOf,
  NO_EFFECTS,
  type NodeId,
  type Step,
  type Ticks,
} from "../../core/index.ts";
import type { BullyMessage } from "./message.ts";
import { encodeRecord } from "./record.ts";
import type { BullySettings } from "./settings.ts";

export type BullyStep = Step<BullyState, BullyMessage>;
export type BullyEffect = Effect<BullyMessage>;

export interface BullyState {
  /** The highest epoch heard of, on disk before anything is said under it: no coordinator of a lower one is heeded. */
  readonly epoch: number;

  readonly self: NodeId;
  readonly config: GroupConfig;
  readonly settings: BullySettings;
  readonly role: Role;
  /** Higher members that answered and announced nothing, and until when they are passed over. */
  readonly passedOver: readonly { readonly member: NodeId; readonly until: Ticks }[];
}

export type Role =
  /** Just started, where healthy coordinators are left alone: it listens first. */
  | { readonly type: "Listening"; readonly until: Ticks }
  | { readonly type: "Following"; readonly leader: NodeId; readonly detector: FixedTimeout }
  /** Asked all higher members. `waits`: how often it has waited in vain since it last had a coordinator. */
  | { readonly type: "Electing"; readonly until: Ticks; readonly waits: number }
  | {
      readonly type: "Waiting";
      readonly until: Ticks;
      readonly waits: number;
      readonly answered: readonly NodeId[];
    }
  /** No higher member is there; the authority has not named it yet. */
  | { readonly type: "Elected" }
  | { readonly type: "Leading"; readonly beatAt: Ticks };

/** The coordinator as this member sees it, and its epoch; null: none. Others may see another: safety is the epoch's (card 8). */
export function coordinatorOf({ role, self, epoch }: BullyState): {
  readonly id: NodeId;
  readonly epoch: number;
} | null {
  if (role.type === "Leading") return { id: self, epoch };
  return role.type === "Following" ? { id: role.leader, epoch } : null;
}

/** Elected, and to be named by the authority if it agrees. */
export const awaitsAppointment = ({ role }: BullyState): boolean => role.type === "Elected";

export const othersOf = ({ config, self }: BullyState): readonly NodeId[] =>
  membersOf(config).filter((member) => member !== self);

/** Heeds an epoch from now on, restarts included. */
export function adopt(state: BullyState, epoch: number): BullyStep {
  if (epoch <= state.epoch) return [state, NO_EFFECTS];
  const record = encodeRecord(epoch);
  return [{ ...state, epoch }, [{ type: "Persist", record, lastIndex: 0 as never }]];
}

/** Waits for the disk: it tells of an epoch. */
export const send = (to: NodeId, message: BullyMessage): BullyEffect => ({
  type: "Send",
  to,
  message,
  early: false,
  lane: "control",
});
