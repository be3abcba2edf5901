import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HTTP1_LIMITS } from "../../../src/gateway/json/index.ts";
import { type Served, serve } from "../served.ts";

let served: Served;
beforeEach(async () => {
  served = await serve();
});
afterEach(() => served.stop());

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const url = (path: string): string => `http://127.0.0.1:${served.port}${path}`;

async function post(
  path: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<[number, string]> {
  const response = await fetch(url(path), { method: "POST", body, headers });
  return [response.status, await response.text()];
}

async function get(path: string, method = "GET"): Promise<[number, string]> {
  const response = await fetch(url(path), { method });
  return [response.status, await response.text()];
}

/** Opens a streaming call; `line` gives the next line of the answer. */
async function stream(
  path: string,
  body: string,
  end: boolean,
): Promise<{ line: () => Promise<unknown>; response: IncomingMessage; end: () => void }> {
  const call = request(url(path), { method: "POST" });
  call.on("error", () => {});
  call.write(body);
  if (end) call.end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  response.on("error", () => {});
  let text = "";
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  response.on("data", (chunk: Buffer) => {
    text += String(chunk);
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n")) {
      const line = text.slice(0, at);
      text = text.slice(at + 1);
      const next = waiting.shift();
      if (next === undefined) lines.push(line);
      else next(line);
    }
  });
  const line = async (): Promise<unknown> => {
    const ready = lines.shift();
    return JSON.parse(
      ready ?? (await new Promise<string>((resolve) => void waiting.push(resolve))),
    ) as unknown;
  };
  return { line, response, end: () => call.end() };
}

const PUT_A = `{"key": "${base64("a")}", "value": "${base64("1")}"}`;
const HEADER = (revision: string): string =>
  `{"cluster_id":"43981","member_id":"4660","revision":"${revision}","raft_term":"3"}`;

describe("the JSON gateway", () => {
  it("puts and ranges, with integers as strings and nothing that has its default", async () => {
    expect(await post("/v3/kv/put", PUT_A)).toEqual([200, `{"header":${HEADER("2")}}`]);
    expect(await post("/v3beta/kv/range", `{"key": "${base64("a")}"}`)).toEqual([
      200,
      `{"header":${HEADER("2")},"kvs":[{"key":"YQ==","create_revision":"2","mod_revision":"2","version":"1","value":"MQ=="}],"count":"1"}`,
    ]);
    expect(await post("/v3/kv/range", `{"key": "${base64("b")}"}`)).toEqual([
      200,
      `{"header":${HEADER("2")}}`,
    ]);
  });

  it("runs a transaction with a nested one, as Patroni sends it", async () => {
    const txn = `{"compare":[{"key":"YQ==","target":"CREATE","result":"EQUAL","create_revision":"0"}],
      "success":[{"request_put":${PUT_A}}],
      "failure":[{"request_txn":{"compare":[{"key":"YQ==","target":"MOD","result":"EQUAL","mod_revision":2}],
        "success":[{"request_put":${PUT_A}}]}}]}`;
    expect(await post("/v3/kv/txn", txn)).toEqual([
      200,
      `{"header":${HEADER("2")},"succeeded":true,"responses":[{"response_put":{"header":{"revision":"2"}}}]}`,
    ]);
    const [status, body] = await post("/v3/kv/txn", txn);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ responses: [{ response_txn: { succeeded: true } }] });
  });

  it("keeps every digit of a lease id, raw or quoted", async () => {
    const most = "9223372036854775807";
    expect(await post("/v3/lease/grant", `{"TTL": 30, "ID": ${most}}`)).toEqual([
      200,
      `{"header":${HEADER("1")},"ID":"${most}","TTL":"30"}`,
    ]);
    const [, body] = await post("/v3/kv/lease/timetolive", `{"ID": "${most}"}`);
    expect(JSON.parse(body)).toMatchObject({ ID: most, grantedTTL: "30" });
  });

  it("tells neighbours apart that a double does not, in requests and answers, however deep", async () => {
    const [one, other] = ["9007199254740992", "9007199254740993"];
    for (const id of [one, other])
      expect(await post("/v3/lease/grant", `{"TTL": 30, "ID": ${id}}`)).toEqual([
        200,
        `{"header":${HEADER("1")},"ID":"${id}","TTL":"30"}`,
      ]);
    const [, list] = await post("/v3/lease/leases", "{}");
    expect(list).toContain(`"leases":[{"ID":"${one}"},{"ID":"${other}"}]`);

    const leased = `{"key": "${base64("a")}", "value": "${base64("1")}", "lease": ${other}}`;
    const attached = (id: string): string => `{"compare":[{"key":"YQ==","target":"LEASE",
      "result":"EQUAL","lease":${id}}],"success":[{"request_range":{"key":"YQ=="}}]}`;
    const nested = `{"success":[{"request_put":${leased}}]}`;
    await post("/v3/kv/txn", `{"success":[{"request_txn":${nested}}]}`);
    expect(JSON.parse((await post("/v3/kv/txn", attached(one)))[1])).not.toHaveProperty(
      "succeeded",
    );
    expect(JSON.parse((await post("/v3/kv/txn", attached(other)))[1])).toMatchObject({
      succeeded: true,
      responses: [{ response_range: { kvs: [{ lease: other }] } }],
    });
    await post("/v3/lease/revoke", `{"ID": ${one}}`);
    const [, kept] = await post("/v3/kv/range", `{"key": "${base64("a")}"}`);
    expect(JSON.parse(kept)).toMatchObject({ kvs: [{ lease: other }] });
  });

  it.each([
    ["beyond 63 bits", "9223372036854775808"],
    ["that a double rounds into the range", "9223372036854775807.5"],
    ["of twenty digits and more", "10000000000000000000000"],
  ])("refuses an integer %s instead of taking another for it", async (_, id) => {
    const [status, body] = await post("/v3/lease/grant", `{"TTL": 30, "ID": ${id}}`);
    expect([status, JSON.parse(body)]).toMatchObject([400, { code: 3 }]);
    expect(body).toContain("invalid value for int64 field ID");
  });

  it("takes an empty body for an empty request", async () => {
    expect(await post("/v3/maintenance/alarm", "")).toEqual([200, `{"header":${HEADER("1")}}`]);
    const [, status] = await post("/v3/maintenance/status", "{}");
    expect(JSON.parse(status)).toMatchObject({ version: "3.6.14", downgradeInfo: {} });
  });

  it.each([
    ["/v3/kv/put", "{}", 400, 3, "etcdserver: key is not provided"],
    [
      "/v3/kv/range",
      '{"key":"YQ==","revision":"9"}',
      400,
      11,
      "etcdserver: mvcc: required revision is a future revision",
    ],
    ["/v3/lease/revoke", '{"ID":"9"}', 404, 5, "etcdserver: requested lease not found"],
    ["/v3/maintenance/downgrade", "{}", 501, 12, null],
    [
      "/v3/auth/authenticate",
      '{"name":"root"}',
      400,
      9,
      "etcdserver: authentication is not enabled",
    ],
    ["/v3/nothing", "{}", 404, 5, "Not Found"],
    ["/v3/kv/put", '{"key": 3}', 400, 3, "invalid value for bytes field key: 3"],
    ["/v3/kv/put", "[]", 400, 3, "a JSON object is expected"],
    ["/v3/kv/put", '{"key": ', 400, 3, "unexpected EOF"],
  ])("answers POST %s %s with HTTP %d", async (path, body, httpStatus, code, message) => {
    const [status, text] = await post(path, body);
    expect(status).toBe(httpStatus);
    const error = JSON.parse(text) as { error: string; code: number; message: string };
    expect(Object.keys(error)).toEqual(["error", "code", "message"]);
    expect(error.code).toBe(code);
    expect(error.error).toBe(error.message);
    if (message !== null) expect(error.message).toBe(message);
  });

  it("knows POST alone", async () => {
    expect(await get("/v3/kv/range")).toEqual([
      501,
      '{"error":"Method Not Allowed","code":12,"message":"Method Not Allowed"}',
    ]);
  });

  it("refuses a body beyond the bound", async () => {
    served.stop();
    served = await serve({}, { http1: { ...HTTP1_LIMITS, objectBytesMax: 1000 } });
    const [status, body] = await post("/v3/kv/put", `{"key": "${"A".repeat(2000)}"}`);
    expect(status).toBe(400);
    expect(body).toContain("more than 1000 bytes");
  });

  it("watches in lines for as long as the client stays, after its body has ended", async () => {
    const watch = await stream(
      "/v3/watch",
      `{"create_request": {"key": "AA==", "range_end": "AA=="}}`,
      true,
    );
    expect(await watch.line()).toMatchObject({
      result: { created: true, header: { revision: "1" } },
    });
    await post("/v3/kv/put", PUT_A);
    expect(await watch.line()).toMatchObject({
      result: { header: { revision: "2" }, events: [{ kv: { key: "YQ==", value: "MQ==" } }] },
    });
    await post("/v3/kv/deleterange", '{"key": "YQ=="}');
    expect(await watch.line()).toMatchObject({
      result: { events: [{ type: "DELETE", kv: { key: "YQ==" } }] },
    });
    const gone = served.node.idle();
    watch.response.destroy();
    await gone;
  });

  it("reads the requests of a stream one after another from an open body", async () => {
    const watch = await stream(
      "/v3/watch",
      `{"create_request": {"key": "YQ=="}}{"create_request":{"key":"Yg=="}}`,
      false,
    );
    expect(await watch.line()).toMatchObject({ result: { created: true } });
    expect(await watch.line()).toMatchObject({ result: { created: true, watch_id: "1" } });
    watch.response.destroy();
  });

  it("keeps a lease alive and ends with the body, as Patroni calls it", async () => {
    await post("/v3/lease/grant", '{"TTL": 30, "ID": 7}');
    const [status, text] = await post("/v3/lease/keepalive", '{"ID": "7"}');
    expect(status).toBe(200);
    expect(text).toBe(`{"result":{"header":${HEADER("1")},"ID":"7","TTL":"30"}}\n`);
    const [, gone] = await post("/v3/lease/keepalive", '{"ID": "8"}');
    expect(JSON.parse(gone)).not.toHaveProperty("result.TTL");
  });

  it("gives a stream's failure in the fields of both gateway versions", async () => {
    served.node.group.role = "learner";
    const [status, body] = await post("/v3/watch", "{}");
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({
      error: {
        grpc_code: 9,
        http_code: 400,
        message: "etcdserver: rpc not supported for learner",
        http_status: "Bad Request",
        code: 9,
      },
    });
  });

  it("refuses a deadline that is none before it looks at the call, as etcd's gateway does", async () => {
    const message = "invalid grpc-timeout: bad";
    for (const path of ["/v3/kv/range", "/v3/watch"]) {
      const [code, body] = await post(path, "{}", { "grpc-timeout": "bad" });
      expect([code, JSON.parse(body)]).toEqual([400, { error: message, message, code: 3 }]);
    }
    expect((await post("/v3/kv/range", '{"key":"YQ=="}', { "grpc-timeout": "5S" }))[0]).toBe(200);
  });

  it("says of a call whose own time is up that it is, and not what the kernel lacked meanwhile", async () => {
    served.node.failure = { code: "NoLeader", definite: true };
    const put = (timeout: string) =>
      post("/v3/kv/put", '{"key":"YQ=="}', { "grpc-timeout": timeout });
    for (const timeout of ["0n", "0m"]) {
      const [code, body] = await put(timeout);
      expect([code, JSON.parse(body)]).toMatchObject([
        504,
        { code: 4, message: "context deadline exceeded" },
      ]);
    }
    for (const timeout of ["4S", "100S"]) {
      const [code, body] = await put(timeout);
      expect([code, JSON.parse(body)]).toMatchObject([
        503,
        { code: 14, message: "etcdserver: no leader" },
      ]);
    }
  });

  it("reads metadata from headers, with grpc-gateway's prefix or plain", async () => {
    for (const name of ["grpc-metadata-quorate-keyspace", "quorate-keyspace"]) {
      expect(await post("/v3/kv/put", PUT_A, { [name]: "nowhere" })).toMatchObject([
        404,
        expect.any(String),
      ]);
    }
  });

  it("answers what is neither HTTP/2 nor HTTP/1.1 with 400", async () => {
    const socket = connect(served.port, "127.0.0.1");
    socket.write("\x16\x03\x01 hello\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1.1 400 /);
    socket.destroy();
  });
});

describe("health, version and metrics", () => {
  it("is healthy while a quorum confirms a read, and says what ails it otherwise", async () => {
    expect(await get("/health")).toEqual([200, '{"health":"true","reason":""}']);
    expect(served.node.levels).toEqual(["readIndex"]);
    served.node.group.leader = null;
    expect(await get("/health")).toEqual([503, '{"health":"false","reason":"RAFT NO LEADER"}\n']);
    expect(await get("/health?serializable=true")).toEqual([200, '{"health":"true","reason":""}']);
    served.node.failure = { code: "NoLeader", definite: true };
    expect(await get("/health?serializable=true")).toEqual([
      503,
      '{"health":"false","reason":"RANGE ERROR:etcdserver: no leader"}\n',
    ]);
    const [self] = served.node.members;
    served.node.members = self === undefined ? [] : [{ ...self, space: "exhausted" }];
    served.node.failure = null;
    expect(await get("/health?serializable=true")).toEqual([
      503,
      '{"health":"false","reason":"ALARM NOSPACE"}\n',
    ]);
    expect((await get("/health?serializable=true&exclude=NOSPACE"))[0]).toBe(200);
  });

  it("has livez and readyz with their checks, one by one or listed", async () => {
    expect(await get("/livez")).toEqual([200, "ok\n"]);
    expect(await get("/livez?verbose")).toEqual([
      200,
      "[+]serializable_read ok\nlivez check passed\n",
    ]);
    expect(await get("/readyz")).toEqual([200, "ok\n"]);
    expect(await get("/readyz/non_learner")).toEqual([200, "ok\n"]);
    expect((await get("/readyz/nonsense"))[0]).toBe(404);
    served.node.group.role = "learner";
    served.node.group.serving = false;
    expect(await get("/readyz")).toEqual([
      503,
      "[-]data_corruption failed: ALARM CORRUPT\n[+]serializable_read ok\n[+]linearizable_read ok\n[-]non_learner failed: this member is a learner\nreadyz check failed\n",
    ]);
    expect((await get("/readyz?exclude=non_learner&exclude=data_corruption"))[0]).toBe(200);
  });

  it("tells versions that clients can split on dots", async () => {
    expect(await get("/version")).toEqual([
      200,
      '{"etcdserver":"3.6.14","etcdcluster":"3.6.0","storage":"3.6.0"}',
    ]);
  });

  it.each(["/health", "/livez", "/readyz", "/version", "/metrics"])(
    "serves %s to GET alone",
    async (path) => {
      expect(await get(path, "POST")).toEqual([405, "Method Not Allowed\n"]);
    },
  );

  it("counts calls and shows the node under etcd's names", async () => {
    await post("/v3/kv/put", PUT_A);
    await post("/v3/kv/put", "{}");
    const [status, text] = await get("/metrics");
    expect(status).toBe(200);
    const method = 'grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"';
    for (const line of [
      "# TYPE etcd_server_has_leader gauge",
      "etcd_server_has_leader 1",
      "etcd_server_is_leader 1",
      "etcd_server_leader_changes_seen_total 4",
      'etcd_server_version{server_version="3.6.14"} 1',
      'etcd_server_id{server_id="1234"} 1',
      "etcd_debugging_mvcc_current_revision 2",
      "etcd_debugging_mvcc_keys_total 1",
      "quorate_peer_frames_sent_total 5",
      "quorate_peer_sent_bytes_total 600",
      "quorate_peer_received_bytes_total 0",
      "quorate_journal_syncs_total 7",
      `grpc_server_started_total{${method}} 2`,
      `grpc_server_handled_total{grpc_code="OK",${method}} 1`,
      `grpc_server_handled_total{grpc_code="InvalidArgument",${method}} 1`,
      `grpc_server_handling_seconds_count{${method}} 2`,
    ]) {
      expect(text.split("\n")).toContain(line);
    }
  });
});
