import type { Entry, LogState } from "@quorate/kernel/core";
import { isPaxos } from "@quorate/kernel/paxos";

/**
 * What a replica holds behind its last snapshot, committed or not: with Paxos only what is chosen is in the log, and the rest at its
 * acceptor.
 */
export function heldBy(state: LogState): readonly Entry[] {
  const { log } = state;
  const inLog = log.slice(log.base.index, log.lastIndex);
  if (!isPaxos(state)) return inLog;
  return [...inLog, ...state.accepted.values().map(({ value }) => value)];
}
