import type { ChainMessage, ChainRules, ChainSettings, ChainState } from "@quorate/kernel/chain";
import { chainCluster } from "@quorate/sim";
import { RandomSchedule } from "../appointed/random.ts";

export interface RandomRun {
  readonly seed: number;
  readonly steps: number;
  readonly rules?: Partial<ChainRules>;
  readonly settings?: Partial<ChainSettings>;
}

export const randomSchedule = ({
  seed,
  steps,
  rules = {},
  settings = {},
}: RandomRun): RandomSchedule<ChainState, ChainMessage, ChainSettings> =>
  new RandomSchedule({
    seed,
    steps,
    cluster: (replicas, below) => {
      const shrinkTicks = 100 + below(300);
      const drawn: Partial<ChainSettings> = {
        shrinkTicks,
        heartbeatTicks: 50,
        leaseTicks: shrinkTicks - below(60),
        retransmitTicks: 100,
        inSyncMin: 1 + below(2),
        hungTicks: 300,
        ...(below(4) === 0 ? { batchEntriesMax: 1, inflightMessagesMax: 1 } : {}),
        ...settings,
      };
      return chainCluster({ replicas, seed: BigInt(seed), rules, settings: drawn });
    },
    isSound: ({ repairing, fork, installing }) =>
      !repairing && fork === null && installing === null,
    acknowledges: ({ role }) => role.type === "Leader",
    holders: (inSync) => inSync,
    reads: 7,
    mends: true,
  });
