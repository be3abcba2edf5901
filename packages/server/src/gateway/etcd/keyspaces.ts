import type { KeyspaceStatus } from "@quorate/kernel/replica";
import {
  KeyspaceCreateRequest,
  KeyspaceDropRequest,
  KeyspaceExposeRequest,
  KeyspaceListRequest,
  KeyspaceLostRequest,
  KeyspaceLostResponse,
  type KeyspaceMessage,
  KeyspaceSetRequest,
  KeyspacesResponse,
} from "../messages/index.ts";
import type { MessageOf } from "../protobuf/index.ts";
import { read } from "./cluster.ts";
import type { EtcdContext } from "./context.ts";
import { statusOf, unknownKeyspace } from "./errors.ts";
import type { Exchange, Service } from "./exchange.ts";
import { exposedAddress } from "./exposed.ts";
import type { KeyspaceChange } from "./keyspace-admin.ts";

/** `quorate.Keyspaces`: which there are, and their coming and going. Not etcd's; beside it on every client port. */
export const KEYSPACES: readonly Service[] = [
  {
    name: "List",
    request: KeyspaceListRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, KeyspaceListRequest, bytes);
      if (request === null) return;
      if (request.linearizable) exchange.confirm(() => replyKeyspaces(exchange));
      else replyKeyspaces(exchange);
    },
  },
  {
    name: "Create",
    request: KeyspaceCreateRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, KeyspaceCreateRequest, bytes);
      if (request !== null) change(exchange, { type: "create", ...request });
    },
  },
  {
    name: "Set",
    request: KeyspaceSetRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, KeyspaceSetRequest, bytes);
      if (request !== null) change(exchange, { type: "set", ...request });
    },
  },
  {
    name: "Expose",
    request: KeyspaceExposeRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, KeyspaceExposeRequest, bytes);
      if (request === null) return;
      const { name, port } = request;
      change(exchange, { type: "expose", name, port: port === 0 ? null : port });
    },
  },
  {
    name: "Drop",
    request: KeyspaceDropRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, KeyspaceDropRequest, bytes);
      if (request !== null) change(exchange, { type: "drop", ...request });
    },
  },
  {
    name: "Lost",
    request: KeyspaceLostRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, KeyspaceLostRequest, bytes);
      if (request !== null) replyLost(exchange, request.name);
    },
  },
];

/** Of this member's own files: others have theirs. */
function replyLost(exchange: Exchange, name: string): void {
  const { port } = exchange.context;
  const known = port.status().keyspaces.find((one) => one.name === name);
  if (known === undefined) return exchange.fail(unknownKeyspace(name));
  const files = port.lostFiles(known.keyspace).map(({ file, epoch, from, to, bytes }) => ({
    file: `lost/${file}`,
    epoch: BigInt(epoch),
    from: BigInt(from),
    to: BigInt(to),
    bytes: BigInt(bytes),
  }));
  exchange.replyWith(KeyspaceLostResponse, { member: port.identity.node, files });
}

/** The answer may come after the client left, and then there is nobody to give it to. */
function change(exchange: Exchange, asked: KeyspaceChange): void {
  exchange.context.keyspaces.changeKeyspaces(asked, exchange.deadline, (failure) => {
    if (exchange.isOver) return;
    if (failure === null) replyKeyspaces(exchange);
    else exchange.fail(statusOf(failure));
  });
}

function replyKeyspaces(exchange: Exchange): void {
  const { context } = exchange;
  const keyspaces = context.port.status().keyspaces.map((one) => messageOf(context, one));
  exchange.replyWith(KeyspacesResponse, { keyspaces });
}

function messageOf(
  { port }: EtcdContext,
  keyspace: KeyspaceStatus,
): MessageOf<typeof KeyspaceMessage> {
  const { members } = port.status();
  const group = port.groupOf(keyspace.keyspace);
  const endpoints = members.flatMap((member) => {
    const address = exposedAddress(keyspace, member, members);
    return address === null ? [] : [`${address.host}:${address.port}`];
  });
  return {
    id: keyspace.keyspace,
    name: keyspace.name,
    profile: keyspace.profile,
    replicas: keyspace.replicas ?? group?.config.voters ?? [],
    leader: group?.leader ?? 0n,
    port: keyspace.exposed ?? 0,
    endpoints,
    inStep: group?.inStep ?? [],
  };
}
