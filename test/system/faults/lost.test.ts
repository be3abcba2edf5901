import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { base64, fromBase64 } from "../support/api.ts";
import type { Cluster } from "../support/cluster.ts";
import { eventually } from "../support/deadline.ts";
import { layNetwork, type Network, networkMissing } from "../support/network.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

const SUBNET = 47;
const ASK_MILLIS = 3000;
/** A tenure that runs out, the time for all others to come back, and a machine that does something else. */
const FAILOVER_MILLIS = 60_000;

const missing = networkMissing();
const root = mkdtempSync(join(tmpdir(), "quorate-lost-"));
let network: Network;
let cluster: Cluster;

describe.skipIf(missing !== null)("an asynchronous primary that is lost (card 63)", () => {
  beforeAll(async () => {
    network = layNetwork(3, SUBNET);
    const dataDirOf = (index: number): string => join(root, `n${index}`);
    cluster = await startQuorate(3, { ...network, dataDirOf });
  });
  afterAll(async () => {
    await cluster.stop();
    network.remove();
    rmSync(root, { recursive: true, force: true });
  });

  it("C9, C11: each write says how many hold it; what one held is in a file when that one returns, and its client hears of it", async () => {
    await asked(0, "/keyspaces/create", { name: "carts", profile: "primary-async" });
    await eventually(FAILOVER_MILLIS, "a write that all hold", async () =>
      (await put(0, "everywhere", "all")).holders === 3 ? true : null,
    );
    const primary = await primaryOf();
    const others = [0, 1, 2].filter((index) => index !== primary);
    const [survivor = 0] = others;
    const kept = await put(survivor, "kept", "majority");
    expect(kept.holders).toBeGreaterThanOrEqual(2);
    expect(kept.name).toMatch(/^\d+-\d+-\d+$/);
    const refused = await put(survivor, "refused", "4");
    expect(refused).toMatchObject({ status: 400, holders: null });

    for (const other of others) network.deafen(other, [primary]);
    const undone = await put(primary, "undone", "primary");
    expect(undone).toMatchObject({ status: 200, holders: 1 });
    await cluster.members[primary]?.process.end("SIGKILL");
    await eventually(FAILOVER_MILLIS, "another primary", async () =>
      (await put(survivor, "after", "2")).holders === 2 ? true : null,
    );
    network.heal();

    const told = losses(survivor);
    expect(await told.next()).toEqual({ created: true });
    cluster.restart(primary);
    await cluster.ready();
    expect(await told.next()).toEqual({ requests: [undone.name] });
    await told.end();

    const { files } = (await asked(primary, "/keyspaces/lost", { name: "carts" })) as {
      readonly files: readonly { readonly file: string }[];
    };
    expect(files).toHaveLength(1);
    const directory = join(root, `n${primary}`);
    expect(readdirSync(join(directory, "lost")).map((name) => `lost/${name}`)).toEqual(
      files.map(({ file }) => file),
    );
    const lines = readFileSync(join(directory, files[0]?.file ?? ""), "utf8")
      .trim()
      .split("\n");
    const [line] = lines.map((one) => JSON.parse(one));
    expect(lines).toHaveLength(1);
    expect(`${line.node}-${line.start}-${line.request}`).toBe(undone.name);
    expect([line.kind, fromBase64(line.command.key), fromBase64(line.command.value)]).toEqual([
      "put",
      "k",
      "undone",
    ]);
    await eventually(FAILOVER_MILLIS, "a write that all hold", async () =>
      (await put(primary, "again", "all")).holders === 3 ? true : null,
    );
    const metrics = await fetch(`http://${cluster.endpoints[primary]}/metrics`);
    expect(await metrics.text()).toMatch(/^quorate_lost_files 1$/m);
  });
});

interface Put {
  readonly status: number;
  readonly holders: number | null;
  readonly name: string | null;
}

const HEADERS = { "grpc-metadata-quorate-keyspace": "carts" };

async function put(index: number, value: string, acks: string): Promise<Put> {
  const response = await fetch(`http://${cluster.endpoints[index]}/v3/kv/put`, {
    method: "POST",
    headers: { ...HEADERS, "grpc-metadata-quorate-acks": acks },
    body: JSON.stringify({ key: base64("k"), value: base64(value) }),
    signal: AbortSignal.timeout(4 * ASK_MILLIS),
  });
  await response.arrayBuffer();
  const holders = response.headers.get("grpc-trailer-quorate-acks");
  return {
    status: response.status,
    holders: holders === null ? null : Number(holders),
    name: response.headers.get("grpc-trailer-quorate-request"),
  };
}

async function asked(index: number, path: string, body: object): Promise<unknown> {
  const response = await fetch(`http://${cluster.endpoints[index]}/v3${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(4 * ASK_MILLIS),
  });
  expect(response.status).toBe(200);
  return response.json();
}

async function primaryOf(): Promise<number> {
  const { keyspaces } = (await asked(0, "/keyspaces/list", {})) as {
    readonly keyspaces: readonly { readonly name: string; readonly leader: string }[];
  };
  const leader = keyspaces.find(({ name }) => name === "carts")?.leader;
  const ids = await Promise.all(
    [0, 1, 2].map(async (index) => {
      const status = (await asked(index, "/maintenance/status", {})) as {
        readonly header: { readonly member_id: string };
      };
      return status.header.member_id;
    }),
  );
  return ids.indexOf(leader ?? "");
}

/** What a member says of losses, message by message. */
function losses(index: number) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), FAILOVER_MILLIS);
  const texts = lines(index, abort.signal);
  return {
    next: async (): Promise<unknown> => (await texts.next()).value,
    end: async (): Promise<void> => {
      clearTimeout(timer);
      abort.abort();
      await texts.return(undefined).catch(() => {});
    },
  };
}

async function* lines(index: number, signal: AbortSignal): AsyncGenerator<unknown, undefined> {
  const url = `http://${cluster.endpoints[index]}/v3/losses/watch`;
  const response = await fetch(url, { method: "POST", headers: HEADERS, body: "{}", signal });
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield (JSON.parse(text.slice(0, end)) as { readonly result: unknown }).result;
      text = text.slice(end + 1);
    }
  }
  return undefined;
}
