import {
  type JoinedHello,
  type JoinHello,
  PEER_VERSIONS,
  SYSTEM_KEYSPACE,
} from "@quorate/kernel/core";
import type { NodePort } from "../host/index.ts";
import { nodeIdOf } from "./bootstrap.ts";
import { Membership } from "./membership.ts";

/** The nonce of a founder that asks whether it was started before. A joining node draws a positive one. */
export const FOUNDER_NONCE = 0n;
/** Refusals that the asking side looks for in the answer. */
export const STARTED_BEFORE = "quorate: this founder was started before";
export const NOT_YET = "quorate: no leader to decide it yet";

/** How long a node that wants in waits for the log to say so. */
const ADMIT_TICKS = 4500;
/** The log of a group that was born and never led: the entry that nobody wrote. */
const BORN_INDEX = 1;

/** Answers who knocks at the peer port without an identity. Rejects with what the caller is told. */
export function answerJoin(
  port: NodePort,
  request: JoinHello,
  token: string,
): Promise<JoinedHello> {
  return request.nonce === FOUNDER_NONCE
    ? answerFounder(port, request)
    : admit(port, request, token);
}

/** Changes nothing. Only a node that knows of a leader, or has itself never seen a cluster, can tell. */
async function answerFounder(port: NodePort, request: JoinHello): Promise<JoinedHello> {
  const group = port.groupOf(SYSTEM_KEYSPACE);
  const unborn = group !== null && group.lastIndex <= BORN_INDEX;
  if (!unborn && (group?.leader == null || !group.serving)) throw new Error(NOT_YET);
  const member = port.status().members.find((one) => one.peerAddress === request.peerAddress);
  if (member === undefined) throw new Error(`no founder is known at ${request.peerAddress}`);
  if (member.name !== "") throw new Error(STARTED_BEFORE);
  return joinedHello(port, member.node);
}

async function admit(port: NodePort, request: JoinHello, token: string): Promise<JoinedHello> {
  if (port.groupOf(SYSTEM_KEYSPACE)?.leader == null) throw new Error(NOT_YET);
  const id = nodeIdOf(token, request.name, String(request.nonce));
  const admitted = new Membership(port).admit(id, request.name, request.peerAddress, ADMIT_TICKS);
  return joinedHello(port, await admitted);
}

function joinedHello(port: NodePort, node: JoinedHello["node"]): JoinedHello {
  const members = port
    .status()
    .members.map((one) => ({ node: one.node, address: one.peerAddress }));
  return { type: "Joined", versions: PEER_VERSIONS, cluster: port.identity.cluster, node, members };
}
