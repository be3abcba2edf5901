import { join } from "node:path";
import { type Cluster, type ClusterOptions, type Kind, startCluster } from "./cluster.ts";
import type { NodeSettings } from "./node-settings.ts";

const SCRIPT = join(import.meta.dirname, "../quorate-node.ts");

const QUORATE: Kind = {
  kind: "quorate",
  command({ name, dataDir, client, peer, reached, tls }, all, { checkpointBytes, profile }) {
    const founders = all.map((place) => ({ name: place.name, address: place.reached }));
    const settings: NodeSettings = {
      name,
      dataDir,
      client,
      peer,
      reached,
      founders,
      tls,
      checkpointBytes: checkpointBytes ?? null,
      profile: profile ?? null,
    };
    return [process.execPath, SCRIPT, JSON.stringify(settings)];
  },
  sign: /^ready$/,
};

export const startQuorate = (options: ClusterOptions): Promise<Cluster> =>
  startCluster(QUORATE, options);
