import type {
  PrimaryMessage,
  PrimaryRules,
  PrimarySettings,
  PrimaryState,
} from "@quorate/kernel/primary";
import { primaryCluster } from "@quorate/sim";
import { RandomSchedule } from "../appointed/random.ts";

export interface RandomRun {
  readonly seed: number;
  readonly steps: number;
  readonly rules?: Partial<PrimaryRules>;
  readonly settings?: Partial<PrimarySettings>;
}

export function randomSchedule({
  seed,
  steps,
  rules = {},
  settings = {},
}: RandomRun): RandomSchedule<PrimaryState, PrimaryMessage, PrimarySettings> {
  const { acks = "all", shrinkTicks = 100 } = settings;
  return new RandomSchedule({
    seed,
    steps,
    cluster: (replicas, below) => {
      const drawn: Partial<PrimarySettings> = {
        shrinkTicks: 100 + below(300),
        retransmitTicks: 100,
        inSyncMin: 1 + below(2),
        hungTicks: 300,
        ...(below(4) === 0 ? { batchEntriesMax: 1, inflightMessagesMax: 1 } : {}),
        ...(below(4) === 0 ? { commitNotice: "ride" } : {}),
        ...settings,
      };
      return primaryCluster({ replicas, seed: BigInt(seed), rules, settings: drawn });
    },
    isSound: ({ repairing, fork, installing }) =>
      !repairing && fork === null && installing === null,
    acknowledges: ({ role }) => role.type === "Leader",
    holders: (inSync) => {
      if (acks === "all") return inSync;
      // Nobody is ever out of step: those in step are the members.
      return acks === "majority" ? Math.floor(inSync / 2) + 1 : Math.min(acks + 1, inSync);
    },
    reads: 3,
    mends: shrinkTicks !== null,
  });
}
