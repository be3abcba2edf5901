import type { Protocol } from "../../core/index.ts";
import type { RaftMessage } from "./message.ts";
import { encodeHardState } from "./record.ts";
import { startRepairing } from "./repair.ts";
import type { RaftSettings } from "./settings.ts";
import { start } from "./start.ts";
import { hardStateOf, type RaftState } from "./state.ts";
import { step, wants } from "./step.ts";
import { wakeAt } from "./timers.ts";

/** Raft (Ongaro and Ousterhout 2014), with the extensions of Ongaro's dissertation that README.md lists. */
export function raft(settings: RaftSettings): Protocol<RaftState, RaftMessage> {
  return {
    start: (self, config, recovered, seed, now) =>
      start(settings, self, config, recovered, seed, now),
    repair: (self, config, readable, seed, now) =>
      startRepairing(settings, self, config, readable, seed, now),
    step,
    wakeAt,
    meta: (state) => encodeHardState(hardStateOf(state)),
    wants,
  };
}
