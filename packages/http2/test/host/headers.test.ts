import { once } from "node:events";
import { connect, createServer, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { expect, it } from "vitest";
import { GrpcClient, GrpcServer, HeaderField } from "../../src/index.ts";
import { echo } from "../grpc/echo.ts";

/** Fields of all sorts, some of which come again and again and some of which push others out of the tables. */
const value = fc.oneof(
  fc.constantFrom("", "again", "application/x"),
  fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/),
  fc.stringMatching(/^[a-z]{500,900}$/),
);
const name = fc.constantFrom("x-a", "x-b", "x-some-longer-name", "user-agent", "etag", "x-c");
const requests = fc.sample(fc.array(fc.dictionary(name, value), { minLength: 80, maxLength: 80 }), {
  seed: 7541,
  numRuns: 1,
})[0] as readonly Record<string, string>[];

const only = (headers: IncomingHttpHeaders, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((each) => [each, headers[each]]));

it("what node:http2 compresses we read, request by request", async () => {
  const { router, seen } = echo();
  const server = new GrpcServer({ router });
  const { port } = await server.listen("127.0.0.1", 0);
  const session = connect(`http://127.0.0.1:${port}`);
  for (const fields of requests) {
    const head = {
      ":method": "POST",
      ":path": "/test.Echo/Chat",
      "content-type": "application/grpc",
    };
    const stream = session.request({ ...head, ...fields });
    stream.end();
    await once(stream.resume(), "close");
    const { headers } = seen.calls.at(-1) ?? {};
    const got = Object.fromEntries(Object.keys(fields).map((each) => [each, headers?.get(each)]));
    expect(got).toEqual({ ...fields });
  }
  session.destroy();
  server.destroy();
});

it("what we compress node:http2 reads, request by request, and what it answers with we read", async () => {
  const server = createServer();
  const seen: IncomingHttpHeaders[] = [];
  server.on("stream", (stream, headers) => {
    seen.push(headers);
    const fields = only(
      headers,
      Object.keys(requests[seen.length - 1] ?? {}),
    ) as IncomingHttpHeaders;
    const head = { ":status": 200, "content-type": "application/grpc" };
    stream.respond({ ...fields, ...head }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.alloc(5));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = await GrpcClient.connect({
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
  });
  for (const fields of requests) {
    const metadata = Object.entries(fields).map(([n, v]) => new HeaderField(n, v));
    const answered = await new Promise<Record<string, string | undefined>>((resolve) => {
      let head: Record<string, string | undefined> = {};
      const call = client.start(
        client.method("/a/b"),
        {
          onHead(headers) {
            head = Object.fromEntries(Object.keys(fields).map((each) => [each, headers.get(each)]));
          },
          onMessage() {},
          onEnd: () => resolve(head),
        },
        { metadata },
      );
      call.writeLast([]);
    });
    expect(only(seen.at(-1) ?? {}, Object.keys(fields))).toEqual({ ...fields });
    expect(answered).toEqual({ ...fields });
  }
  client.destroy();
  server.close();
});
