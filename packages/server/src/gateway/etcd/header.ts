import { type Bytes, DEFAULT_KEYSPACE, type KeyspaceId } from "@quorate/kernel/core";
import { EtcdMachine } from "@quorate/kernel/etcd";
import type { NodePort } from "../../host/port.ts";
import type { ResponseHeader } from "../messages/index.ts";
import { DELIMITED, type MessageOf, VARINT, WireWriter } from "../protobuf/index.ts";

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
    const inner = new WireWriter().raw(this.#ids);
    if (revision > 0) inner.tag(3, VARINT).size(revision);
    const term = this.#term(keyspace);
    if (term > 0) inner.tag(4, VARINT).size(term);
    return new WireWriter().tag(1, DELIMITED).delimited(inner.take()).take();
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

/** The keyspace's machine as it stands here, for answers that need no quorum. */
export function machineOf(port: NodePort, keyspace: KeyspaceId): EtcdMachine | null {
  const view = port.groupOf(keyspace)?.view;
  return view instanceof EtcdMachine ? view : null;
}
