import { call, type StatusAnswer } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { eventually } from "./deadline.ts";

const ASK_MILLIS = 1000;
const LEADER_MILLIS = 15_000;

/** The number of the member that leads, waiting for one that a majority of those who answer agree on. */
export function leaderOf(
  cluster: Cluster,
  among: readonly number[] = all(cluster),
): Promise<number> {
  return eventually(LEADER_MILLIS, "a leader", async () => {
    const answers = await Promise.all(
      among.map((i) =>
        call<StatusAnswer>(cluster.endpoints[i] ?? "", "/maintenance/status", {}, ASK_MILLIS),
      ),
    );
    const said = answers.flatMap((answer) => (answer.type === "ok" ? [answer.body] : []));
    const leading = said.filter(({ leader, header }) => leader === header.member_id);
    const newest = leading.sort((a, b) => Number(b.raftTerm) - Number(a.raftTerm))[0];
    const backed = said.filter(({ leader }) => leader === newest?.header.member_id).length;
    if (newest === undefined || backed < 2) return null;
    return (
      among[answers.findIndex((answer) => answer.type === "ok" && answer.body === newest)] ?? null
    );
  });
}

const all = (cluster: Cluster): readonly number[] => cluster.members.map((_, i) => i);
