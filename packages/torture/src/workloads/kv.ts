import { type Answer, base64, fromBase64, prefixEnd } from "../cluster/index.ts";
import type { Client } from "./client.ts";

/** A key as it was found; `modRevision` is "0" where there is none. */
export interface Found {
  readonly key: string;
  readonly value: string;
  readonly modRevision: string;
}

interface RangeBody {
  readonly kvs?: readonly {
    readonly key?: string;
    readonly value?: string;
    readonly mod_revision?: string;
  }[];
}

interface TxnBody {
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: RangeBody }[];
}

export interface HeaderBody {
  readonly header?: { readonly revision?: string };
}

const foundIn = ({ kvs }: RangeBody): readonly Found[] =>
  (kvs ?? []).map(({ key, value, mod_revision }) => ({
    key: fromBase64(key ?? ""),
    value: fromBase64(value ?? ""),
    modRevision: mod_revision ?? "0",
  }));

/** The key, linearizably; null where it is not there. */
export async function get(
  client: Client,
  key: string,
  endpoint?: string,
): Promise<Answer<Found | null>> {
  const answer = await client.call<RangeBody>("/kv/range", { key: base64(key) }, endpoint);
  return answer.type === "ok" ? { type: "ok", body: foundIn(answer.body)[0] ?? null } : answer;
}

/** All keys that begin so, linearizably. */
export async function getAll(
  client: Client,
  prefix: string,
  endpoint?: string,
): Promise<Answer<readonly Found[]>> {
  const range = { key: base64(prefix), range_end: base64(prefixEnd(prefix)) };
  const answer = await client.call<RangeBody>("/kv/range", range, endpoint);
  return answer.type === "ok" ? { type: "ok", body: foundIn(answer.body) } : answer;
}

/** Several keys at one moment, in the order asked. */
export async function getTogether(
  client: Client,
  keys: readonly string[],
  endpoint?: string,
): Promise<Answer<readonly Found[]>> {
  const success = keys.map((key) => ({ request_range: { key: base64(key) } }));
  const answer = await client.call<TxnBody>("/kv/txn", { success }, endpoint);
  if (answer.type !== "ok") return answer;
  const { responses } = answer.body;
  if (responses?.length !== keys.length)
    return { type: "unknown", why: "an answer without its parts" };
  const found = responses.map(({ response_range }, i): Found => {
    const none = { key: keys[i] ?? "", value: "", modRevision: "0" };
    return foundIn(response_range ?? {})[0] ?? none;
  });
  return { type: "ok", body: found };
}

export const put = (client: Client, key: string, value: string): Promise<Answer<HeaderBody>> =>
  client.call("/kv/put", { key: base64(key), value: base64(value) });

/** Writes if all that was found is still so; answers whether it was. */
export async function swap(
  client: Client,
  found: readonly Found[],
  values: ReadonlyMap<string, string>,
): Promise<Answer<boolean>> {
  const compare = found.map(({ key, modRevision }) => ({
    target: "MOD",
    result: "EQUAL",
    key: base64(key),
    mod_revision: modRevision,
  }));
  const success = [...values].map(([key, value]) => ({
    request_put: { key: base64(key), value: base64(value) },
  }));
  const answer = await client.call<TxnBody>("/kv/txn", { compare, success });
  return answer.type === "ok" ? { type: "ok", body: answer.body.succeeded === true } : answer;
}
