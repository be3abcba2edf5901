import { type Begun, begin, beginRepairing } from "../../core/appointed/index.ts";
import type { GroupConfig, NodeId, Now, Recovered } from "../../core/index.ts";
import type { PrimarySettings } from "./settings.ts";
import type { PrimaryState, PrimaryStep } from "./state.ts";

const asSecondary =
  (settings: PrimarySettings, { ticks }: Now) =>
  (begun: Begun): PrimaryState => ({
    ...begun,
    protocol: "primary",
    settings,
    fork: null,
    parted: null,
    rebuilt: false,
    role: {
      type: "Follower",
      leader: null,
      heardAt: ticks,
      joined: false,
      leaseUntil: null,
      pullAt: ticks,
    },
  });

export const start = (
  settings: PrimarySettings,
  self: NodeId,
  config: GroupConfig,
  recovered: Recovered,
  now: Now,
): PrimaryStep | null => begin(self, config, recovered, now, asSecondary(settings, now));

/** Its primary makes it whole by a snapshot; until then it acknowledges nothing. */
export const startRepairing = (
  settings: PrimarySettings,
  self: NodeId,
  config: GroupConfig,
  readable: Iterable<Uint8Array>,
  now: Now,
): PrimaryStep => beginRepairing(self, config, readable, now, asSecondary(settings, now));
