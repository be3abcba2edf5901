import {
  ALL_RULES,
  type ChainMessage,
  type ChainRules,
  type ChainSettings,
  type ChainState,
  chain,
  DEFAULT_SETTINGS,
} from "@quorate/kernel/chain";
import { AppointedCluster } from "./appointed-cluster.ts";

export interface ChainClusterSetup {
  readonly replicas: number;
  readonly rules?: Partial<ChainRules>;
  readonly settings?: Partial<ChainSettings>;
  readonly seed: bigint;
}

export type ChainCluster = AppointedCluster<ChainState, ChainMessage, ChainSettings>;

/** Chain replication. What any replica has committed is never lost: its tail shows it. */
export function chainCluster(setup: ChainClusterSetup): ChainCluster {
  const rules = { ...ALL_RULES, ...setup.rules };
  const settings = { ...DEFAULT_SETTINGS, ...setup.settings, rules };
  return new AppointedCluster({
    ...setup,
    protocol: chain(settings),
    settings,
    leads: ({ role }) => role.type === "Leader",
    acknowledges: () => true,
    keeps: true,
  });
}
