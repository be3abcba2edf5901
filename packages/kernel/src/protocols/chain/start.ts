import { type Begun, begin, beginRepairing } from "../../core/appointed/index.ts";
import type { GroupConfig, LogIndex, NodeId, Now, Recovered } from "../../core/index.ts";
import { NO_LINKS } from "./order.ts";
import type { ChainSettings } from "./settings.ts";
import type { ChainState, ChainStep } from "./state.ts";

const asMember =
  (settings: ChainSettings, { ticks }: Now) =>
  (begun: Begun): ChainState => ({
    ...begun,
    protocol: "chain",
    settings,
    fork: null,
    // Who knows of no epoch, and has lost nothing, has forgotten nothing.
    since: begun.term === 0 && !begun.repairing ? { epoch: 0, number: 0 } : null,
    chain: null,
    verified: begun.commitIndex,
    links: NO_LINKS,
    linksAt: ticks,
    upstream: { owed: null, told: 0 as LogIndex },
    role: { type: "Follower", leader: null, heardAt: ticks, leaseUntil: null },
  });

export const start = (
  settings: ChainSettings,
  self: NodeId,
  config: GroupConfig,
  recovered: Recovered,
  now: Now,
): ChainStep | null => begin(self, config, recovered, now, asMember(settings, now));

/** It is whole when it has left the chain and joined it anew. */
export const startRepairing = (
  settings: ChainSettings,
  self: NodeId,
  config: GroupConfig,
  readable: Iterable<Uint8Array>,
  now: Now,
): ChainStep => beginRepairing(self, config, readable, now, asMember(settings, now));
