import type { Bytes } from "@quorate/kernel/core";
import { type EtcdMachine, isRejected } from "@quorate/kernel/etcd";
import { rangeRequest } from "../workload/etcd-requests.ts";

/**
 * Flips one bit of a value where it lies in the machine's memory. A large value is answered as a slice of the very
 * slab that holds it, so whoever breaks the rule that bytes are immutable once handed over does what a defective
 * memory module does. The value must be larger than the 16 KiB from which on slices are handed out.
 */
export function flipMemory(view: EtcdMachine, key: string): void {
  const cursor = view.openRange(rangeRequest(key));
  if (isRejected(cursor)) throw new RangeError(`no key ${key}`);
  const parts: Bytes[] = [];
  while (cursor.next(1 << 20, { put: (part) => parts.push(part) }));
  cursor.release();
  const slice = parts.find((part) => part.buffer.byteLength > part.length && part.length > 16_384);
  if (slice === undefined) throw new RangeError(`${key} is too small to lie in a slice of a slab`);
  const at = slice.length >> 1;
  slice[at] = (slice[at] ?? 0) ^ 1;
}
