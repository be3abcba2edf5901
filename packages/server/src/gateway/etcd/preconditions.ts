import { isUtf8 } from "node:buffer";
import type { KeyspaceId } from "@quorate/kernel/core";
import type { GroupStatus } from "@quorate/kernel/replica";
import type { NodePort } from "../../host/index.ts";
import type { GrpcCall, Status } from "../grpc/index.ts";
import type { EtcdContext } from "./context.ts";
import { Refusal, unknownKeyspace } from "./errors.ts";

/** Names the keyspace of a call on a port that serves several. */
const KEYSPACE_HEADER = "quorate-keyspace";

/** The keyspace a call speaks to: the one behind its port unless its metadata names another. */
export function keyspaceOf(
  { port, keyspace: own }: EtcdContext,
  call: GrpcCall,
): KeyspaceId | Status {
  const name = call.metadata(KEYSPACE_HEADER);
  if (name === undefined) return own;
  for (const keyspace of port.status().keyspaces)
    if (keyspace.name === name) return keyspace.keyspace;
  return unknownKeyspace(name);
}

/**
 * What etcd checks of every call before looking at its request, in its order: that a learner serves it, that
 * the API version is text, and that there is a leader where the client insists on one.
 */
export function unmetPrecondition(
  port: NodePort,
  call: GrpcCall,
  keyspace: KeyspaceId,
  learnerServes: boolean,
): Status | null {
  const group = port.groupOf(keyspace);
  if (!learnerServes && isLearner(group)) return Refusal.learner;
  const version = call.metadata("client-api-version");
  if (version !== undefined && !isUtf8(Buffer.from(version, "latin1"))) return Refusal.apiVersion;
  if (requiresLeader(call) && group?.leader == null) return Refusal.noLeader;
  return null;
}

/** Both for a call whose messages form a stream: its keyspace, or why it is refused as it opens. */
export function streamKeyspace(context: EtcdContext, call: GrpcCall): KeyspaceId | Status {
  const keyspace = keyspaceOf(context, call);
  if (typeof keyspace !== "number") return keyspace;
  return unmetPrecondition(context.port, call, keyspace, false) ?? keyspace;
}

export const requiresLeader = (call: GrpcCall): boolean => call.metadata("hasleader") === "true";

const isLearner = (group: GroupStatus | null): boolean => group?.role === "learner";
