import { type Bytes, DEFAULT_KEYSPACE, type KeyspaceId } from "@quorate/kernel/core";
import { EtcdMachine } from "@quorate/kernel/etcd";
import type { NodePort } from "../../host/index.ts";
import type { ResponseHeader } from "../messages/index.ts";
import { type MessageOf, VARINT, WireWriter } from "../protobuf/index.ts";

/** Makes `header`, the first field of nearly every response. The ids in it never change and are encoded once. */
export class Headers {
  readonly #port: NodePort;
  readonly #ids: Bytes;

  constructor(port: NodePort) {
    this.#port = port;
    const { cluster, node } = port.identity;
    this.#ids = new WireWriter().tag(1, VARINT).varint(cluster).tag(2, VARINT).varint(node).take();
  }

  /** The encoded field. Revision 0 is left out, as responses that speak of no revision do. */
  field(keyspace: KeyspaceId, revision: number): Bytes {
    const ids = this.#ids;
    const term = this.#term(keyspace);
    // Every answer has a header: it is written into one buffer of just its size.
    const length = ids.length + fieldBytes(revision) + fieldBytes(term);
    const field = Buffer.allocUnsafe(2 + length);
    field[0] = HEADER_TAG;
    field[1] = length;
    field.set(ids, 2);
    const at = putField(field, 2 + ids.length, REVISION_TAG, revision);
    putField(field, at, TERM_TAG, term);
    return field;
  }

  /** The same as a value, for responses that are built as one. */
  value(keyspace: KeyspaceId, revision: number): MessageOf<typeof ResponseHeader> {
    return {
      cluster_id: this.#port.identity.cluster,
      member_id: this.#port.identity.node,
      revision: BigInt(revision),
      raft_term: BigInt(this.#term(keyspace)),
    };
  }

  /** The store's revision as this member has applied it; 0 where it holds no replica. */
  currentRevision(keyspace: KeyspaceId = DEFAULT_KEYSPACE): number {
    return machineOf(this.#port, keyspace)?.revision ?? 0;
  }

  #term(keyspace: KeyspaceId): number {
    return this.#port.groupOf(keyspace)?.term ?? 0;
  }
}

const HEADER_TAG = 0x0a;
const REVISION_TAG = 0x18;
const TERM_TAG = 0x20;

/** Tag and varint; nothing for zero. All four fields take less than 128 bytes, so their length is one byte. */
function fieldBytes(n: number): number {
  if (n === 0) return 0;
  let bytes = 2;
  for (; n >= 0x80; n = Math.floor(n / 0x80)) bytes++;
  return bytes;
}

function putField(out: Uint8Array, at: number, tag: number, n: number): number {
  if (n === 0) return at;
  out[at++] = tag;
  for (; n >= 0x80; n = Math.floor(n / 0x80)) out[at++] = (n % 0x80) | 0x80;
  out[at++] = n;
  return at;
}

/** The keyspace's machine as it stands here, for answers that need no quorum. */
export function machineOf(port: NodePort, keyspace: KeyspaceId): EtcdMachine | null {
  const view = port.groupOf(keyspace)?.view;
  return view instanceof EtcdMachine ? view : null;
}
