import { setTimeout as sleep } from "node:timers/promises";
import { CallError, Code, type GrpcClient } from "@quorate/http2";
import { encode, type MessageOf, messages } from "@quorate/server";
import { TXN } from "./calls.ts";

const KEYS_PER_TXN = 100;
const TXNS_IN_FLIGHT = 32;
/** A filling is no measurement: what was not answered in time, or refused, is put again after a while, so often in all. */
const AGAIN_MAX = 200;
const AGAIN_MILLIS = 500;
const AGAIN_AT: readonly number[] = [Code.Unavailable, Code.ResourceExhausted];

type RequestOp = MessageOf<typeof messages.RequestOp>;

/** Writes `fillKey(0)` and so on, a hundred in a transaction. */
export async function fill(client: GrpcClient, keys: number, valueBytes: number): Promise<void> {
  const value = Buffer.alloc(valueBytes, "v");
  const method = client.method(TXN.path);
  let [next, again] = [0, 0];
  const worker = async (): Promise<void> => {
    while (next < keys) {
      const from = next;
      next = Math.min(keys, from + KEYS_PER_TXN);
      const message = txn(from, next, value);
      for (let done = false; !done; ) {
        try {
          await client.unary(method, message);
          done = true;
        } catch (error) {
          const known = error instanceof CallError && AGAIN_AT.includes(error.code);
          if (!known || !client.isOpen || ++again > AGAIN_MAX) throw error;
          await sleep(AGAIN_MILLIS);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: TXNS_IN_FLIGHT }, worker));
  if (again > 0) process.stderr.write(`  filling: ${again} transactions were put again\n`);
}

const KEY_DIGITS = 12;

/** The keys that a filling writes, in order. */
export const fillKey = (index: number): string => `k${String(index).padStart(KEY_DIGITS, "0")}`;

function txn(from: number, to: number, value: Uint8Array): Uint8Array {
  const success = Array.from({ length: to - from }, (_, i) => ({
    request_put: { key: Buffer.from(fillKey(from + i)), value },
  }));
  return encode(messages.TxnRequest, {
    success: success as readonly object[] as readonly RequestOp[],
  });
}
