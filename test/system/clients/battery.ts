import { type Cluster, logsOf } from "../support/cluster.ts";
import { eventually } from "../support/deadline.ts";
import type { Case, Told } from "./case.ts";
import { Subject } from "./subject.ts";

const LEADER_MILLIS = 15_000;

/** What a case is told on a cluster, step by step. */
export async function toldBy(cluster: Cluster, one: Case): Promise<readonly Told[]> {
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
export async function leadByFirst(cluster: Cluster): Promise<void> {
  const first = (await statusOf(cluster, 0)).header.member_id;
  const leader = await eventually(LEADER_MILLIS, "a leader", async () => {
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
