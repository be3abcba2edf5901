import { execFile } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Cluster } from "../support/cluster.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

const VALUE = "x".repeat(1_400_000);
const STEP_MILLIS = 20_000;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startQuorate();
});
afterAll(() => cluster.stop());

/** What etcdctl prints; rejects with its error where it fails. */
function etcdctl(endpoint: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ETCDCTL_API: "3" }, timeout: STEP_MILLIS };
    const child = execFile(
      "etcdctl",
      ["--endpoints", endpoint, ...args],
      { ...options, maxBuffer: 8 * VALUE.length },
      (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
    );
    child.stdin?.end(input);
  });
}

/**
 * grpc-go measures its bandwidth by pings, one after another, all through a large answer. A server that took them for
 * keepalives gone wrong ended the connection with `too_many_pings` after a fifth of it.
 */
it("a value of 1.4 MB that etcdctl puts is what etcdctl gets, at every node and every time", async () => {
  const [first = ""] = cluster.endpoints;
  expect(await etcdctl(first, ["put", "large"], VALUE)).toBe("OK\n");
  for (const endpoint of [...cluster.endpoints, ...cluster.endpoints]) {
    const got = await etcdctl(endpoint, ["get", "large", "--print-value-only"]);
    expect(got.trimEnd() === VALUE).toBe(true);
  }
});
