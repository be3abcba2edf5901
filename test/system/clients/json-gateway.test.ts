import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cluster } from "../support/cluster.ts";
import { within } from "../support/deadline.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

const b64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startQuorate();
});
afterAll(() => cluster.stop());

describe("the JSON gateway by fetch", () => {
  it("streams a watch for as long as it is read, the request's body having ended", async () => {
    const lines = watching({ create_request: { key: b64("w") } });
    expect(await lines.next()).toMatchObject({ result: { created: true } });
    for (const value of ["1", "2"]) {
      await post("/v3/kv/put", { key: b64("w"), value: b64(value) });
      const line = await lines.next();
      expect(line).toMatchObject({ result: { events: [{ kv: { value: b64(value) } }] } });
    }
    await post("/v3/kv/deleterange", { key: b64("w") });
    expect(await lines.next()).toMatchObject({ result: { events: [{ type: "DELETE" }] } });
    lines.stop();
  });

  it("ends a watch whose client went away, and goes on serving", async () => {
    const watchers = Array.from({ length: 50 }, () =>
      watching({ create_request: { key: b64("x") } }),
    );
    for (const lines of watchers) await lines.next();
    for (const lines of watchers) lines.stop();
    expect(await post("/v3/kv/put", { key: b64("x"), value: b64("1") })).toMatchObject({
      header: {},
    });
  });

  it("refuses a snapshot in the one line of its stream, saying what to do instead", async () => {
    const url = `http://${cluster.endpoints[0]}/v3/maintenance/snapshot`;
    const response = await fetch(url, { method: "POST", body: "{}" });
    expect(response.status).toBe(501);
    expect(await response.json()).toMatchObject({
      error: { grpc_code: 12, message: expect.stringContaining("copy a member's data directory") },
    });
  });

  it("keeps every digit of 2^63-1, quoted or bare", async () => {
    const max = "9223372036854775807";
    await post("/v3/lease/grant", `{"TTL":600,"ID":${max}}`);
    expect(await post("/v3/lease/timetolive", { ID: max })).toMatchObject({ ID: max });
    await post("/v3/lease/revoke", { ID: max });
  });

  it("renders metrics by etcd's names, of which the leader is one", async () => {
    const texts = await Promise.all(
      cluster.endpoints.map(async (endpoint) => (await fetch(`http://${endpoint}/metrics`)).text()),
    );
    const leaders = texts.filter((text) => /^etcd_server_is_leader 1$/m.test(text));
    expect(leaders.length).toBe(1);
    expect(texts[0]).toMatch(/^grpc_server_handled_total\{.*\} \d+/m);
    for (const text of texts) {
      expect(text).toMatch(/^etcd_server_has_leader 1$/m);
      expect(text).toMatch(/^etcd_mvcc_db_total_size_in_bytes \d+/m);
      for (const line of text.trim().split("\n")) {
        expect(line).toMatch(/^(#.*|[a-zA-Z_:][\w:]*(\{.*\})? [-+\d.eEInfNa]+)$/);
      }
    }
  });
});

async function post(path: string, body: object | string): Promise<unknown> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`http://${cluster.endpoints[0]}${path}`, {
    method: "POST",
    body: text,
  });
  return response.json();
}

/** The lines of a watch, one at a time. */
function watching(request: object): { next(): Promise<unknown>; stop(): void } {
  const stopping = new AbortController();
  const lines = linesOf(request, stopping.signal);
  return {
    next: async () => (await within(10_000, "a line", lines.next())).value,
    stop: () => stopping.abort(),
  };
}

async function* linesOf(request: object, signal: AbortSignal): AsyncGenerator<unknown, void> {
  const response = await fetch(`http://${cluster.endpoints[0]}/v3/watch`, {
    method: "POST",
    body: JSON.stringify(request),
    signal,
  });
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
    }
  }
}
