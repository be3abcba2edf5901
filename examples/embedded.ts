import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fixed, startNode } from "quorate";

/** A node inside the application: write, watch, compare and swap, and stop. */
const dataDir = mkdtempSync(join(tmpdir(), "quorate-embedded-"));
const node = await startNode({
  name: "solo",
  dataDir,
  peers: fixed([]),
  cluster: "example",
  journalSegmentBytes: 4 * 2 ** 20,
});
await node.ready;

const changes = node.watch({ prefix: "stock/" });
await changes.opened;
await node.kv.put("stock/apples", "3");

const bought = await node.kv.txn({
  compare: [{ key: "stock/apples", target: "value", is: "=", to: "3" }],
  success: [{ type: "put", key: "stock/apples", value: "2" }],
});
console.log("bought:", bought.succeeded);

let seen = 0;
for await (const { revision, keyValue } of changes) {
  console.log(`revision ${revision}: ${keyValue.keyText} is ${keyValue.text}`);
  if (++seen === 2) break;
}

const apples = await node.kv.get("stock/apples");
console.log("left:", apples?.text);
await node.close();
rmSync(dataDir, { recursive: true });
