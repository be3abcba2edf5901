// One Quorate node: `quorate-node.ts JSON`, where the JSON is a NodeSettings. Says `ready` when it serves.
import { GATEWAY_OPTIONS, silentLog, startServer } from "@quorate/server";
import type { NodeSettings } from "./quorate-cluster.ts";

const settings = JSON.parse(process.argv[2] ?? "") as NodeSettings;
const tell = (fields: object, text: string): void => {
  process.stderr.write(
    `${text} ${JSON.stringify(fields, (_, v) => (typeof v === "bigint" ? String(v) : v))}\n`,
  );
};
const server = await startServer({
  name: settings.name,
  dataDir: settings.dataDir,
  listenPeer: settings.peer,
  listenClient: settings.client,
  advertisePeer: settings.peer,
  advertiseClients: [`http://${settings.client}`],
  token: settings.token,
  initialCluster: settings.founders,
  foundersNamed: true,
  join: [],
  learner: false,
  log: { ...silentLog, warn: tell, error: tell },
  onHalt: (reason) => {
    process.stderr.write(`halted: ${reason}\n`);
    process.exit(1);
  },
  gateway: { etcd: { ...GATEWAY_OPTIONS.etcd, ...settings.etcd } },
  ...(settings.segmentBytes !== undefined && { segmentBytes: settings.segmentBytes }),
  ...(settings.freeBytesMin !== undefined && { freeBytesMin: settings.freeBytesMin }),
});
process.stdout.write("listening\n");
process.once("SIGTERM", () => {
  void server.stop().then(() => process.exit(0));
});
await server.ready;
process.stdout.write("ready\n");
