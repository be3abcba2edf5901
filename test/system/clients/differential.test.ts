import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { eventually } from "../support/deadline.ts";
import { etcdMissing, startEtcd } from "../support/etcd-cluster.ts";
import { startQuorate } from "../support/quorate-cluster.ts";
import type { Case, Told } from "./case.ts";
import { CASES } from "./cases/index.ts";
import { compare, knownAs } from "./compare.ts";
import { DIFFERENCES, type Difference } from "./differences.ts";
import { Subject } from "./subject.ts";

const missing = etcdMissing();
const occurred = new Set<Difference>();
let quorate: Cluster;
let etcd: Cluster;

describe.skipIf(missing !== null)(`the same answers as etcd 3.4 ${missing ?? ""}`, () => {
  beforeAll(async () => {
    [quorate, etcd] = await Promise.all([startQuorate(), startEtcd()]);
    await Promise.all([quorate, etcd].map(leadByFirst));
  });
  afterAll(() => Promise.all([quorate.stop(), etcd.stop()]));

  it.each(CASES)("$name", async (one) => {
    const [ours, theirs] = await Promise.all([toldBy(quorate, one), toldBy(etcd, one)]);
    const unknown = compare(one.name, theirs, ours).filter((found) => {
      const known = knownAs(found);
      if (known !== undefined) occurred.add(known);
      return known === undefined;
    });
    expect(unknown.map((found) => JSON.stringify(found)).join("\n")).toBe("");
  });

  it("every difference of the table still occurs", () => {
    const gone = DIFFERENCES.filter((known) => !occurred.has(known));
    expect(gone).toEqual([]);
  });
});

async function toldBy(cluster: Cluster, one: Case): Promise<readonly Told[]> {
  const subject = await Subject.on(cluster);
  try {
    await one.run(subject);
    return subject.told;
  } catch (error) {
    const last = JSON.stringify(subject.told.slice(-2));
    throw new Error(`${cluster.kind}: ${String(error)}\nafter ${last}\n${logsOf(cluster)}`, {
      cause: error,
    });
  } finally {
    subject.close();
  }
}

/** Steps go to the first member: it is to lead on both sides, because what a follower answers may differ. */
async function leadByFirst(cluster: Cluster): Promise<void> {
  const first = (await statusOf(cluster, 0)).header.member_id;
  const leader = await eventually(10_000, "a leader", async () => {
    const all = await Promise.all(cluster.endpoints.map((_, i) => statusOf(cluster, i)));
    return all.find(({ leader, header }) => leader === header.member_id) ?? null;
  });
  if (leader.header.member_id === first) return;
  const body = JSON.stringify({ targetID: first });
  await fetch(`http://${leader.endpoint}/v3/maintenance/transfer-leadership`, {
    method: "POST",
    body,
  });
}

async function statusOf(cluster: Cluster, index: number): Promise<MemberStatus> {
  const endpoint = cluster.endpoints[index] ?? "";
  const url = `http://${endpoint}/v3/maintenance/status`;
  const answer = await (await fetch(url, { method: "POST", body: "{}" })).json();
  return { endpoint, ...(answer as Omit<MemberStatus, "endpoint">) };
}

interface MemberStatus {
  readonly endpoint: string;
  readonly leader: string;
  readonly header: { readonly member_id: string };
}
