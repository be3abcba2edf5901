import { type Bytes, Malformed, type NodeId, type Ticks } from "@quorate/kernel/core";
import {
  MemberAddRequest,
  MemberAddResponse,
  MemberListRequest,
  MemberListResponse,
  MemberPromoteRequest,
  MemberPromoteResponse,
  MemberRemoveRequest,
  MemberRemoveResponse,
  MemberUpdateRequest,
  MemberUpdateResponse,
} from "../messages/index.ts";
import { decode, type MessageType } from "../protobuf/index.ts";
import type { ClusterAdmin, MemberCallback } from "./cluster-admin.ts";
import { Refusal, statusOf } from "./errors.ts";
import { type Exchange, type Service, unreadable } from "./exchange.ts";
import { areMemberUrls, memberId, membersOf } from "./members.ts";

/** `etcdserverpb.Cluster`. Its headers speak of no revision. */
export const CLUSTER: readonly Service[] = [
  {
    name: "MemberAdd",
    request: MemberAddRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, MemberAddRequest, bytes);
      if (request === null) return;
      if (!areMemberUrls(request.peerURLs)) return exchange.fail(Refusal.badMemberUrls);
      change(
        exchange,
        (admin, deadline, done) =>
          admin.addMember(request.peerURLs, request.isLearner, deadline, done),
        (id) => {
          const members = membersOf(exchange.context);
          const member = members.find((one) => one.ID === id) ?? null;
          exchange.replyWith(MemberAddResponse, { header: headerOf(exchange), member, members });
        },
      );
    },
  },
  {
    name: "MemberRemove",
    request: MemberRemoveRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, MemberRemoveRequest, bytes);
      if (request === null) return;
      changeMember(exchange, request.ID, MemberRemoveResponse, (admin, member, deadline, done) =>
        admin.removeMember(member, deadline, done),
      );
    },
  },
  {
    name: "MemberUpdate",
    request: MemberUpdateRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, MemberUpdateRequest, bytes);
      if (request === null) return;
      if (!areMemberUrls(request.peerURLs)) return exchange.fail(Refusal.badMemberUrls);
      changeMember(exchange, request.ID, MemberUpdateResponse, (admin, member, deadline, done) =>
        admin.updateMember(member, request.peerURLs, deadline, done),
      );
    },
  },
  {
    name: "MemberPromote",
    request: MemberPromoteRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, MemberPromoteRequest, bytes);
      if (request === null) return;
      changeMember(exchange, request.ID, MemberPromoteResponse, (admin, member, deadline, done) =>
        admin.promoteMember(member, deadline, done),
      );
    },
  },
  {
    name: "MemberList",
    request: MemberListRequest,
    lane: "control",
    run(exchange, bytes) {
      const request = read(exchange, MemberListRequest, bytes);
      if (request === null) return;
      if (request.linearizable) exchange.confirm(() => replyMembers(exchange, MemberListResponse));
      else replyMembers(exchange, MemberListResponse);
    },
  },
];

type MembersResponse = typeof MemberListResponse;

/** The decoded request; null once the call has been ended because it cannot be read. */
export function read<T>(exchange: Exchange, type: MessageType<T>, bytes: Bytes): T | null {
  const request = decode(type, bytes);
  if (!(request instanceof Malformed)) return request;
  exchange.fail(unreadable(request));
  return null;
}

function changeMember(
  exchange: Exchange,
  id: bigint,
  response: MembersResponse,
  ask: (admin: ClusterAdmin, member: NodeId, deadline: Ticks, done: MemberCallback) => void,
): void {
  const member = memberId(id);
  if (member === null) {
    exchange.fail(Refusal.memberNotFound);
    return;
  }
  change(
    exchange,
    (admin, deadline, done) => ask(admin, member, deadline, done),
    () => replyMembers(exchange, response),
  );
}

/** The answer may come after the client left, and then there is nobody to give it to. */
function change(
  exchange: Exchange,
  ask: (admin: ClusterAdmin, deadline: Ticks, done: MemberCallback) => void,
  onMember: (member: NodeId) => void,
): void {
  ask(exchange.context.admin, exchange.deadline, (outcome) => {
    if (exchange.isOver) return;
    if (outcome.ok) onMember(outcome.member);
    else exchange.fail(statusOf(outcome));
  });
}

function replyMembers(exchange: Exchange, response: MembersResponse): void {
  const members = membersOf(exchange.context);
  exchange.replyWith(response, { header: headerOf(exchange), members });
}

const headerOf = (exchange: Exchange) => exchange.context.headers.value(exchange.keyspace, 0);
