/** etcd's JSON API at one member, by fetch, with the three ways in which a call may end. */
export type Answer<T> =
  | { readonly type: "ok"; readonly body: T }
  /** It certainly had no effect: the member was not reached, or said so. */
  | { readonly type: "failed"; readonly why: string }
  | { readonly type: "unknown"; readonly why: string };

/** Texts that promise that nothing was done. */
const DEFINITE = [
  "etcdserver: no leader",
  "etcdserver: mvcc: database space exceeded",
  "etcdserver: too many requests",
  "etcdserver: requested lease not found",
];

export async function call<T>(
  endpoint: string,
  path: string,
  body: object,
  millis: number,
): Promise<Answer<T>> {
  try {
    const response = await fetch(`http://${endpoint}/v3${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(millis),
    });
    const answer = (await response.json()) as T & { readonly message?: string };
    if (response.ok) return { type: "ok", body: answer };
    const why = answer.message ?? `status ${response.status}`;
    return { type: DEFINITE.includes(why) ? "failed" : "unknown", why };
  } catch (error) {
    const why = String((error as { cause?: { code?: string } }).cause?.code ?? error);
    // Only a connection that was never made is sure to have carried nothing.
    return { type: why === "ECONNREFUSED" ? "failed" : "unknown", why };
  }
}

export const base64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");
export const fromBase64 = (text: string): string => Buffer.from(text, "base64").toString("latin1");

export interface RangeAnswer {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly { readonly key: string; readonly value?: string }[];
  readonly count?: string;
}

export interface StatusAnswer {
  readonly header: { readonly member_id: string };
  readonly leader?: string;
  readonly raftTerm: string;
}
