import {
  ALL_RULES,
  DEFAULT_SETTINGS,
  type PrimaryMessage,
  type PrimaryRules,
  type PrimarySettings,
  type PrimaryState,
  primary,
} from "@quorate/kernel/primary";
import { AppointedCluster } from "./appointed-cluster.ts";

export interface PrimaryClusterSetup {
  readonly replicas: number;
  readonly rules?: Partial<PrimaryRules>;
  readonly settings?: Partial<PrimarySettings>;
  readonly seed: bigint;
}

export type PrimaryCluster = AppointedCluster<PrimaryState, PrimaryMessage, PrimarySettings>;

/** Primary–secondary replication. An asynchronous primary may lose what it has acknowledged. */
export function primaryCluster(setup: PrimaryClusterSetup): PrimaryCluster {
  const rules = { ...ALL_RULES, ...setup.rules };
  const settings = { ...DEFAULT_SETTINGS, ...setup.settings, rules };
  return new AppointedCluster({
    ...setup,
    protocol: primary(settings),
    settings,
    leads: ({ role }) => role.type === "Leader",
    acknowledges: ({ role }) => role.type === "Leader",
    keeps: settings.acks !== 0,
  });
}
