import type { AppointedState, Following, Leading } from "../../core/appointed/index.ts";
import type {
  Effect,
  LogIndex,
  LogState,
  NodeId,
  PerMember,
  Step,
  Ticks,
} from "../../core/index.ts";
import type { Chain, ChainMessage, Memory } from "./message.ts";
import type { ChainSettings } from "./settings.ts";

export type ChainEffect = Effect<ChainMessage>;
export type ChainStep = Step<ChainState, ChainMessage>;

export interface ChainState extends AppointedState {
  readonly protocol: "chain";
  readonly settings: ChainSettings;
  readonly role: Member | Head;
  /** The chain of this epoch, as far as it is known here; null before anything was heard of one. */
  readonly chain: Chain | null;
  /**
   * Up to here this log is the head's of this epoch, and everybody before this replica in its chain has it on disk: what the tail may
   * commit. Begins anew, at what is committed, with an epoch, a life, and a place in a chain. Invariant: commitIndex ≤ verified ≤
   * log.lastIndex.
   */
  readonly verified: LogIndex;
  /** To whom this replica sends: its successor; of the tail those who are not in the chain. */
  readonly links: PerMember<Progress>;
  /** When it sends to them though it has nothing to say. */
  readonly linksAt: Ticks;
  readonly upstream: Upstream;
  /** From here on what is committed here is not what the head has: it serves nobody before a snapshot has replaced it. */
  readonly fork: LogIndex | null;
  /**
   * The chain first heard of in this life, or since it was found that something was lost; null before that. The floor of a later one covers
   * what this replica may have acknowledged and forgotten.
   */
  readonly since: { readonly epoch: number; readonly number: number } | null;
}

export const isChain = (state: LogState): state is ChainState => state.protocol === "chain";

/** What is said to one's predecessor. */
export interface Upstream {
  /** It asked, or what it sent was not joined; null: nothing is owed. */
  readonly owed: { readonly to: NodeId; readonly state: "Holds" | "Lacks" | "Forked" } | null;
  /** The commit index that it was last told. */
  readonly told: LogIndex;
}

export interface Member extends Following {
  /** So long it may answer readers; null: not yet in this epoch. */
  readonly leaseUntil: Ticks | null;
}

export interface Head extends Leading {
  /** What is known of the others. */
  readonly known: PerMember<Known>;
  /** In the chain, and not yet in step by the word of group 0. */
  readonly joining: NodeId | null;
  /** Heartbeats since something was committed, while this replica's disk has more: a pause of its own is nobody's fault. */
  readonly waited: number;
}

/** What the head knows of a member, by its own word. */
export interface Known {
  readonly heardAt: Ticks;
  /** Heartbeats that it has not answered since. */
  readonly unanswered: number;
  /** Its clock when it said so: to be echoed. Null: not heard in this epoch. */
  readonly at: Ticks | null;
  /** When that was heard for which it may answer readers: for `leaseTicks` after that the chain does not go on without it. */
  readonly leasedAt: Ticks;
  readonly number: number;
  readonly held: LogIndex;
  readonly commit: LogIndex;
  readonly memory: Memory;
}

/** What is known of one's successor. Invariant: match < next. */
export interface Progress {
  readonly match: LogIndex;
  readonly next: LogIndex;
  /** Up to here the tail has acknowledged, by its word. */
  readonly commit: LogIndex;
  /** `probe`: one update at a time, until it is known where its log joins. */
  readonly mode: "probe" | "stream" | "snapshot";
  /** The ends of the updates under way, oldest first. */
  readonly sent: readonly LogIndex[];
  /** Since when nothing under way was answered. */
  readonly sentAt: Ticks;
}
