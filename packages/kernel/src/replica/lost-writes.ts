import {
  type Bytes,
  decoded,
  type Entry,
  KIND_RESERVED,
  type LogIndex,
  Malformed,
  type NodeId,
  Reader,
  type RequestId,
  type StartId,
  Writer,
} from "../core/index.ts";
import { decodeBundle, decodeEnvelope, type Envelope, ReplicaKind } from "./envelope.ts";

/** By this a client knows its write again: the node that took it, its life, and the request's number in that life. */
export interface WriteName {
  readonly node: NodeId;
  readonly start: StartId;
  readonly request: RequestId;
}

/** A command in a log that is no part of its group's any more. */
export interface LostWrite extends WriteName {
  readonly epoch: number;
  readonly index: LogIndex;
  readonly session: { readonly id: bigint; readonly sequence: number } | null;
  readonly kind: number;
  /** As the client sent it. */
  readonly body: Bytes;
}

/**
 * What clients asked for in these entries, in the order of the log: without the leader's own entries, each bundle's parts by themselves.
 */
export const writesIn = (entries: readonly Entry[]): readonly LostWrite[] =>
  entries.flatMap((entry) => {
    const envelope = entry.kind === "command" ? decodeEnvelope(entry.command) : null;
    if (envelope === null || envelope instanceof Malformed) return [];
    return partsOf(envelope)
      .filter(isClients)
      .map(({ node, start, request, session, kind, body }) => ({
        epoch: entry.epoch,
        index: entry.index,
        node,
        start,
        request,
        session,
        kind,
        body,
      }));
  });

function partsOf(envelope: Envelope): readonly Envelope[] {
  if (envelope.kind !== ReplicaKind.bundle) return [envelope];
  const parts = decodeBundle(envelope.body);
  return parts instanceof Malformed ? [] : parts;
}

const isClients = ({ request, kind }: Envelope): boolean =>
  request !== 0 &&
  (kind < KIND_RESERVED || kind === ReplicaKind.openSession || kind === ReplicaKind.closeSession);

/** Names in one frame; more make more frames. */
export const NAMES_MAX = 1024;

export function encodeNames(names: readonly WriteName[]): Bytes {
  const w = new Writer(4 + names.length * 24).u32(names.length);
  for (const { node, start, request } of names) w.u64(node).u64(start).uint(request);
  return w.take();
}

export const decodeNames = (bytes: Bytes): readonly WriteName[] | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    const count = r.u32();
    if (count > NAMES_MAX) throw new Malformed(`${count} names`);
    const names = Array.from({ length: count }, () => ({
      node: r.u64() as NodeId,
      start: r.u64() as StartId,
      request: r.uint() as RequestId,
    }));
    r.end();
    return names;
  });
