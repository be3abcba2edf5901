import { afterAll, beforeAll, expect, it } from "vitest";
import { KeyspacesOutput } from "../../../packages/quorate/src/cli/outputs.ts";
import { base64, fromBase64, type RangeAnswer } from "../support/api.ts";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { eventually } from "../support/deadline.ts";
import { startQuorate } from "../support/quorate-cluster.ts";
import { Stage } from "./processes.ts";

const ASK_MILLIS = 3000;
const RECOVERY_MILLIS = 20_000;

const stage = new Stage();
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startQuorate();
  for (const profile of ["primary-sync", "primary-async", "zookeeper"])
    await stage.run(["keyspace", "create", profile, "--profile", profile, ...at()]);
});
afterAll(async () => {
  await stage.clean();
  await cluster.stop();
});

const at = (): readonly string[] => ["--endpoints", cluster.endpoints.join()];

interface Told {
  readonly status: number;
  readonly message: string;
  readonly value: string | null;
  readonly revision: number;
}

/** What this member answers to a request on `k` with such metadata. */
async function ask(
  index: number,
  method: "range" | "put",
  metadata: Readonly<Record<string, string>>,
  value = "",
): Promise<Told> {
  const headers = Object.fromEntries(
    Object.entries(metadata).map(([name, text]) => [`grpc-metadata-${name}`, text]),
  );
  const body = { key: base64("k"), ...(method === "put" ? { value: base64(value) } : {}) };
  const response = await fetch(`http://${cluster.endpoints[index]}/v3/kv/${method}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ASK_MILLIS),
  });
  const told = (await response.json()) as RangeAnswer & {
    readonly message?: string;
    readonly header?: { readonly revision?: string };
  };
  const found = told.kvs?.[0]?.value;
  return {
    status: response.status,
    message: told.message ?? "",
    value: found === undefined ? null : fromBase64(found),
    revision: Number(told.header?.revision ?? 0),
  };
}

const read = (index: number, metadata: Readonly<Record<string, string>>): Promise<Told> =>
  ask(index, "range", metadata);

const written = (keyspace: string, index: number, value: string): Promise<true> =>
  eventually(RECOVERY_MILLIS, `${value} is written`, async () => {
    const told = await ask(index, "put", { "quorate-keyspace": keyspace }, value).catch(() => null);
    return told?.status === 200 ? true : null;
  });

it("RM-5, PA-5: a session's reads are at one member; when it dies they go on at another, and see no less", async () => {
  const keyspace = "primary-sync";
  await written(keyspace, 0, "v1");
  const pinned = { "quorate-keyspace": keyspace, "quorate-reads": "pinned" };
  const whoAnswers = async (session: string, least = 0): Promise<readonly number[]> => {
    const found: number[] = [];
    for (const index of [0, 1, 2]) {
      const revision = { "quorate-min-revision": String(least) };
      const told = await read(index, { ...pinned, ...revision, "quorate-session": session }).catch(
        () => null,
      );
      if (told?.status === 200) found.push(index);
      else if (told !== null) expect(told.message).toMatch(/pinned to n\d \(.*\): ask there/);
    }
    return found;
  };
  const by = new Map<number, string>();
  for (let i = 0; by.size < 3 && i < 50; i++) {
    const answering = await whoAnswers(`s${i}`);
    expect(answering).toHaveLength(1);
    by.set(answering[0] ?? -1, `s${i}`);
  }
  expect(by.size).toBe(3);
  const session = by.get(2) ?? "";
  const seen = await read(2, { ...pinned, "quorate-session": session });
  expect(seen.value).toBe("v1");
  await cluster.members[2]?.process.end("SIGKILL");
  await written(keyspace, 0, "v2");
  const now = await eventually(RECOVERY_MILLIS, "another member answers", async () => {
    const [index] = await whoAnswers(session, seen.revision + 1);
    return index ?? null;
  });
  expect(now).not.toBe(2);
  const after = await read(now, {
    ...pinned,
    "quorate-session": session,
    "quorate-min-revision": String(seen.revision),
  });
  expect(after.value).toBe("v2");
  expect(after.revision).toBeGreaterThan(seen.revision);
  cluster.restart(2);
  await cluster.ready();
});

it("C2: a keyspace whose replicas fall out of step shows it in its list, its metrics and its notes, and shows that they are back", async () => {
  const inStep = async (): Promise<number> => {
    const { keyspaces } = await stage.json(KeyspacesOutput, ["keyspace", "list", ...at()]);
    return keyspaces.find(({ name }) => name === "primary-sync")?.inStep?.length ?? 0;
  };
  const metricAt = async (endpoint: string): Promise<number> => {
    const said = await (await fetch(`http://${endpoint}/metrics`)).text();
    return Number(/^quorate_replicas_in_step\{keyspace="primary-sync"\} (\d+)$/m.exec(said)?.[1]);
  };
  await written("primary-sync", 0, "v3");
  await eventually(RECOVERY_MILLIS, "all are in step", async () =>
    (await inStep()) === 3 ? true : null,
  );
  await cluster.members[2]?.process.end("SIGKILL");
  await written("primary-sync", 0, "v4");
  await eventually(RECOVERY_MILLIS, "one is out of step", async () =>
    (await inStep()) === 2 ? true : null,
  );
  await eventually(RECOVERY_MILLIS, "the alarm", async () =>
    logsOf(cluster).includes("replicas out of step") ? true : null,
  );
  expect(await metricAt(cluster.endpoints[0] ?? "")).toBe(2);
  cluster.restart(2);
  await cluster.ready();
  await written("primary-sync", 0, "v5");
  await eventually(RECOVERY_MILLIS, "it is back", async () =>
    (await inStep()) === 3 ? true : null,
  );
  const { keyspaces } = await stage.json(KeyspacesOutput, ["keyspace", "list", ...at()]);
  expect(keyspaces.find(({ name }) => name === "default")?.inStep).toBe(null);
});

it.each(["primary-async", "zookeeper"])(
  "RM-7: linearizable asked of %s is refused for certain; what its leader has is not",
  async (keyspace) => {
    for (const index of [0, 1, 2]) {
      const asked = { "quorate-keyspace": keyspace };
      const refused = await read(index, { ...asked, "quorate-reads": "linearizable" });
      expect(refused.status).toBe(400);
      expect(refused.message).toContain("no read of it is linearizable");
      const told = await eventually(RECOVERY_MILLIS, "a read at the primary", async () => {
        const answer = await read(index, { ...asked, "quorate-reads": "primary" });
        return answer.status === 200 ? answer : null;
      });
      expect(told.value).toBe(null);
    }
  },
);
