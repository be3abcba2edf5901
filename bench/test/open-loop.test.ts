import { Code, GrpcClient, GrpcServer, Methods, OK, status } from "@quorate/http2";
import { afterEach, describe, expect, it } from "vitest";
import { arrivals } from "../load/index.ts";
import { OUTSTANDING_MAX, openLoop } from "../load/open-loop.ts";

const PATH = "/echo.Echo/Say";
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A client of a server that answers each call with the status that `judge` says. */
async function clientOf(judge: (index: number) => number): Promise<GrpcClient> {
  let calls = 0;
  const router = new Methods(
    {
      [PATH]: {
        type: "unary",
        open: (call) => ({
          onMessage(message) {
            const code = judge(calls++);
            if (code === Code.OK) call.write([message]);
            call.end(code === Code.OK ? OK : status(code, "no"));
          },
          onHalfClose() {},
          onCancel() {},
          onDrain() {},
        }),
      },
    },
    () => status(Code.Unimplemented, ""),
  );
  const server = new GrpcServer({ router });
  const { port } = await server.listen("127.0.0.1", 0);
  const client = await GrpcClient.connect({ host: "127.0.0.1", port });
  closing.push(() => {
    client.destroy();
    server.destroy();
  });
  return client;
}

const message = (): Uint8Array => new Uint8Array(8);

describe("the open loop", () => {
  it("measures a call from when it was due, and not from when it was sent", async () => {
    const clients = [await clientOf(() => Code.OK)];
    const due = Float64Array.of(performance.now() - 5000, performance.now() - 1000);
    const { ok, latencies, lateness } = await openLoop({ clients, path: PATH, due, message });
    expect(ok).toBe(2);
    expect(latencies.percentile(100)).toBeGreaterThanOrEqual(5000);
    expect(latencies.percentile(1)).toBeGreaterThanOrEqual(1000);
    expect(lateness.percentile(100)).toBeGreaterThanOrEqual(5000);
  });

  it("does not count a refused call among the latencies", async () => {
    const clients = [
      await clientOf((index) => (index % 2 === 0 ? Code.OK : Code.ResourceExhausted)),
    ];
    const due = new Float64Array(10).fill(performance.now());
    const result = await openLoop({ clients, path: PATH, due, message });
    expect([result.ok, result.failed, result.latencies.count]).toEqual([5, 5, 5]);
  });

  it("tells what it did not send, because too much was under way", async () => {
    const clients = [await clientOf(() => Code.OK)];
    // All are due before the first can be answered.
    const due = new Float64Array(OUTSTANDING_MAX + 3).fill(performance.now());
    const result = await openLoop({ clients, path: PATH, due, message });
    expect(result.overflowed).toBe(3);
    expect(result.ok + result.overflowed).toBe(due.length);
  });
});

describe("a schedule", () => {
  it("depends on the seed alone, rises, and has the rate that was asked for", () => {
    const due = arrivals(100, 1000, 20, 7);
    expect(arrivals(100, 1000, 20, 7)).toEqual(due);
    expect(arrivals(100, 1000, 20, 8)).not.toEqual(due);
    expect(due.every((at, i) => at >= (due[i - 1] ?? 100))).toBe(true);
    expect(due.length).toBe(20_000);
    expect(Math.abs((due.at(-1) ?? 0) - 20_100)).toBeLessThan(600);
  });
});
