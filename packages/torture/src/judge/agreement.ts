import type { Api, Member } from "../cluster/index.ts";
import { eventually } from "../wait.ts";

const CALL_MILLIS = 5000;
const AGREE_MILLIS = 20_000;

interface HashAnswer {
  readonly hash?: number;
  readonly header?: { readonly revision?: string };
}

/** Why these members do not hold the same at the end, when nobody writes any more; null where they do. */
export async function disagreement(
  api: Api,
  members: readonly Member[],
  until: AbortSignal,
): Promise<string | null> {
  let last = "";
  const agreed = await eventually(AGREE_MILLIS, until, async () => {
    const hashes = await Promise.all(members.map(({ client }) => hashAt(api, client)));
    last = members.map(({ name }, i) => `${name} ${hashes[i]}`).join("; ");
    return new Set(hashes).size <= 1 && !hashes.includes(null) ? true : null;
  });
  return agreed === null ? last : null;
}

/** The revision and the hash of all keys with their history; null where it does not answer. */
async function hashAt(api: Api, endpoint: string): Promise<string | null> {
  // etcd 3.4 has the first path only in its later gateways.
  for (const path of ["/maintenance/hashkv", "/maintenance/hash"]) {
    const answer = await api.call<HashAnswer>(endpoint, path, {}, CALL_MILLIS);
    if (answer.type === "ok") return `${answer.body.hash}@${answer.body.header?.revision}`;
  }
  return null;
}
