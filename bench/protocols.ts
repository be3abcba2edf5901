import { PROFILE_NAMES } from "@quorate/kernel/replica";
import { put, startQuorate, usingClusters } from "./clusters/index.ts";
import { countOf, type Done, doneBy, h2load, PUT, STORED_KEY, STORED_VALUE } from "./load/index.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { markdown, rounded, summary, withSpread } from "./table.ts";

const SIZES = [3, 5];
const IN_FLIGHT = [1, 100];
/** Ports of one cluster after the other: none waits for those of another to be free. */
const FIRST_PORT = 26_500;
const PORTS = 20;

interface Measured {
  readonly profile: string;
  readonly nodes: number;
  readonly inFlight: number;
  readonly samples: readonly Done[];
}

/**
 * Puts to the leader of a keyspace of each profile, three members and five, one cluster after the other, all members and the load on
 * the same cores: what a message more costs on this machine, not what a network adds.
 */
export async function protocols({ quick }: RowOptions): Promise<RowResult> {
  const [rounds, seconds] = quick ? [1, 1] : [5, 2];
  const measured: Measured[] = [];
  let base = FIRST_PORT;
  for (const nodes of SIZES) {
    for (const profile of PROFILE_NAMES) {
      base += PORTS;
      process.stderr.write(`  ${profile}, ${nodes} members\n`);
      const all = await usingClusters(
        [() => startQuorate({ base, nodes, profile })],
        ([cluster]) => {
          if (cluster === undefined) throw new Error("no cluster");
          return loadOf(cluster, rounds, seconds);
        },
      );
      for (const { inFlight, samples } of all) measured.push({ profile, nodes, inFlight, samples });
    }
  }
  return { text: tableOf(measured), data: measured };
}

async function loadOf(
  cluster: Parameters<typeof h2load>[0],
  rounds: number,
  seconds: number,
): Promise<readonly Pick<Measured, "inFlight" | "samples">[]> {
  await put(cluster.clients[0] ?? "", STORED_KEY, STORED_VALUE);
  await h2load(cluster, PUT, Math.max(...IN_FLIGHT), 2 * seconds);
  const all = [];
  for (const inFlight of IN_FLIGHT) {
    const samples: Done[] = [];
    for (let round = 0; round < rounds; round++)
      samples.push(
        await doneBy(cluster, countOf(cluster, PUT), () => h2load(cluster, PUT, inFlight, seconds)),
      );
    all.push({ inFlight, samples });
  }
  return all;
}

/** A line for each profile: puts a second, and CPU over all members for each. */
function tableOf(measured: readonly Measured[]): string {
  const columns = SIZES.flatMap((nodes) => IN_FLIGHT.map((inFlight) => ({ nodes, inFlight })));
  const head = columns.flatMap(({ nodes, inFlight }) => [
    `${nodes} members, ${inFlight} in flight: puts/s`,
    "µs of CPU",
  ]);
  const rows = PROFILE_NAMES.map((profile) => [
    profile,
    ...columns.flatMap(({ nodes, inFlight }) => {
      const found = measured.find(
        (one) => one.profile === profile && one.nodes === nodes && one.inFlight === inFlight,
      );
      const samples = found?.samples ?? [];
      return [
        withSpread(summary(samples.map(({ perSecond }) => perSecond))),
        rounded(summary(samples.map(({ cpuMicros }) => cpuMicros)).median),
      ];
    }),
  ]);
  return markdown(["profile", ...head], rows);
}
