import { type Cluster, type Counters, countersOf, leaderOf, put } from "../clusters/index.ts";
import { type Call, STORED_KEY, STORED_VALUE } from "./calls.ts";
import { countOf, type Done, doneBy } from "./counting.ts";

/** What was done, and what each operation took of peers and disks: heartbeats and what else went on meanwhile is part of it. */
export interface Cost extends Done {
  /** Frames that the leader sent to peers; of all members together. */
  readonly framesOut: number;
  readonly framesOfAll: number;
  readonly bytesOut: number;
  readonly bytesOfAll: number;
  /** Of all members' journals. */
  readonly syncs: number;
}

/** Of the put that parts two loads; each waits as long as a server lets it. */
const TRIES_MAX = 5;

/**
 * Loads a cluster of ours, and reads what its members count before and after. Who leads before must do so afterwards. A closed loop
 * that ends leaves calls under way, which go on: a put behind them, before and after, is what parts one load from the next.
 */
export async function costBy(
  cluster: Cluster,
  call: Call,
  load: () => Promise<void>,
): Promise<Cost> {
  const leader = await leaderOf(cluster);
  const behindAll = (): Promise<void> => putBehind(cluster.clients[leader] ?? "");
  await behindAll();
  const before = await countersOf(cluster);
  const done = await doneBy(cluster, countOf(cluster, call), async () => {
    await load();
    await behindAll();
  });
  const after = await countersOf(cluster);
  if ((await leaderOf(cluster)) !== leader) throw new Error("the leader changed under the load");
  return { ...done, ...costOf(leader, before, after, done.count) };
}

/** Large values that are under way may take longer than a put may wait: then it is put again, and counted as often. */
async function putBehind(client: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await put(client, STORED_KEY, STORED_VALUE);
      return;
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
    }
  }
}

export function costOf(
  leader: number,
  before: readonly Counters[],
  after: readonly Counters[],
  count: number,
): Omit<Cost, keyof Done> {
  const each = (name: keyof Counters): readonly number[] =>
    after.map((one, i) => (one[name] - (before[i]?.[name] ?? 0)) / Math.max(1, count));
  const [frames, bytes] = [each("framesSent"), each("bytesSent")];
  return {
    framesOut: frames[leader] ?? 0,
    framesOfAll: sum(frames),
    bytesOut: bytes[leader] ?? 0,
    bytesOfAll: sum(bytes),
    syncs: sum(each("syncs")),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
