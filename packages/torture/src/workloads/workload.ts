import type { History, Verdict } from "@quorate/verify";
import type { Client } from "./client.ts";

export const WORKLOADS = ["register", "list-append", "bank", "set", "watch", "lease"] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** What clients do and what must be true of what they see. */
export interface Workload {
  /** What must be there before the clients come; a calm cluster is asked. */
  prepare?(client: Client): Promise<void>;
  /** One thing that a client does, again and again until the ground ends. */
  operate(client: Client): Promise<void>;
  /** Others beside the clients, until all has healed and nobody writes, and then until they have seen all there was. */
  attend?(clients: () => Client, healed: AbortSignal): Promise<void>;
  /** All is well again and nobody writes: reads what there is, at the member of that endpoint. */
  last?(client: Client, endpoint: string): Promise<void>;
  /** What the history must keep to. `spent` ends a check that takes too long. */
  judge(history: History, spent: () => boolean): readonly Judgement[];
}

export interface Judgement {
  readonly model: string;
  readonly verdict: Verdict;
}
