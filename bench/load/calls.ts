import { encode, type MessageOf, messages } from "@quorate/server";

/** A unary method and what it is called with. */
export interface Call {
  readonly name: string;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly body: Uint8Array;
  /** What says how many were done: the store's revision, or the servers' own counters of ranges. */
  readonly counted: "revision" | "Range";
}

/** There before the load begins. */
export const STORED_KEY = "key1";
export const STORED_VALUE = "v".repeat(32);

const key = Buffer.from(STORED_KEY);
const value = Buffer.from(STORED_VALUE);

export const PUT: Call = {
  name: "Put",
  path: "/etcdserverpb.KV/Put",
  body: encode(messages.PutRequest, { key, value }),
  counted: "revision",
};

export const RANGE: Call = {
  name: "Range, linearizable",
  path: "/etcdserverpb.KV/Range",
  body: encode(messages.RangeRequest, { key }),
  counted: "Range",
};

export const SERIALIZABLE_RANGE: Call = {
  name: "Range, serializable",
  path: RANGE.path,
  body: encode(messages.RangeRequest, { key, serializable: true }),
  counted: "Range",
};

type Compare = MessageOf<typeof messages.Compare>;
type RequestOp = MessageOf<typeof messages.RequestOp>;
const GREATER = 1;
const MOD = 2;

/** The key is there and was written, so both comparisons hold, and every transaction that is done raises the revision. */
export const TXN: Call = {
  name: "Txn: compare version and mod, put",
  path: "/etcdserverpb.KV/Txn",
  body: encode(messages.TxnRequest, {
    compare: [
      { result: GREATER, key, version: 0n },
      { result: GREATER, target: MOD, key, mod_revision: 0n },
    ] as readonly Partial<Compare>[] as readonly Compare[],
    success: [{ request_put: { key, value } }] as readonly object[] as readonly RequestOp[],
  }),
  counted: "revision",
};

export const putBody = (name: string, stored: Uint8Array): Uint8Array =>
  encode(messages.PutRequest, { key: Buffer.from(name), value: stored });
