import { DEFAULT_KEYSPACE, keyspaceId, requestId } from "@quorate/kernel/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import * as m from "../../../src/gateway/messages/index.ts";
import { type Served, serve } from "../served.ts";

let served: Served;

beforeEach(async () => {
  served = await serve();
});
afterEach(() => served.stop());

const WATCH = [m.LossesWatchRequest, m.LossesWatchResponse] as const;
const LOST = [m.KeyspaceLostRequest, m.KeyspaceLostResponse] as const;

it("C11, RM-4: who listens is told the names of writes that are undone, until it goes away", async () => {
  const stream = served.client().stream("/quorate.Losses/Watch", WATCH).send({}).end();
  expect(await stream.next()).toMatchObject({ created: true, requests: [] });
  const { identity } = served.node;
  const [tell] = served.node.undone;
  tell?.([4, 5].map((request) => ({ ...identity, request: requestId(request) })));
  expect(await stream.next()).toMatchObject({ created: false, requests: ["4660-1-4", "4660-1-5"] });
  stream.cancel();
  await served.node.event("deaf");
  expect(served.node.undone.size).toBe(0);
});

it("C9: lists what this member wrote out of a keyspace before it undid it", async () => {
  const file = { file: "1-3-98-100.jsonl", epoch: 3, from: 98, to: 100, bytes: 512 };
  served.node.lost.push({ ...file, keyspace: DEFAULT_KEYSPACE });
  served.node.lost.push({ ...file, keyspace: keyspaceId(2) });
  const ask = (name: string) => served.client().call("/quorate.Keyspaces/Lost", LOST, { name });
  expect(await ask("default")).toEqual({
    member: 0x1234n,
    files: [{ file: "lost/1-3-98-100.jsonl", epoch: 3n, from: 98n, to: 100n, bytes: 512n }],
  });
  await expect(ask("nowhere")).rejects.toMatchObject({ code: 5 });
  const url = `http://127.0.0.1:${served.port}/v3/keyspaces/lost`;
  const json = await fetch(url, { method: "POST", body: JSON.stringify({ name: "default" }) });
  expect(await json.json()).toMatchObject({ files: [{ from: "98", to: "100" }] });
});
