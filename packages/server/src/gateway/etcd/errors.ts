import { type Failure, unreachable } from "@quorate/kernel/core";
import { Code, DEADLINE_EXCEEDED, type Status, status } from "../grpc/index.ts";

/** The statuses that the gateway itself gives, with etcd's texts: clients map errors by the text. */
export const Refusal = {
  noLeader: status(Code.Unavailable, "etcdserver: no leader"),
  leaderChanged: status(Code.Unavailable, "etcdserver: leader changed"),
  notLeader: status(Code.FailedPrecondition, "etcdserver: not leader"),
  learner: status(Code.FailedPrecondition, "etcdserver: rpc not supported for learner"),
  badTransferee: status(Code.FailedPrecondition, "etcdserver: bad leader transferee"),
  transferTimeout: status(
    Code.Unknown,
    "etcdserver: request timed out, leader transfer took too long",
  ),
  timeout: status(Code.Unavailable, "etcdserver: request timed out"),
  stopped: status(Code.Unavailable, "etcdserver: server stopped"),
  corrupt: status(Code.DataLoss, "etcdserver: corrupt cluster"),
  noSpace: status(Code.ResourceExhausted, "etcdserver: mvcc: database space exceeded"),
  tooManyRequests: status(Code.ResourceExhausted, "etcdserver: too many requests"),
  tooLarge: status(Code.InvalidArgument, "etcdserver: request is too large"),
  apiVersion: status(Code.InvalidArgument, "etcdserver: invalid client api version"),
  compacted: status(Code.OutOfRange, "etcdserver: mvcc: required revision has been compacted"),
  memberNotFound: status(Code.NotFound, "etcdserver: member not found"),
  badMemberUrls: status(Code.InvalidArgument, "etcdserver: given member URLs are invalid"),
  authNotEnabled: status(Code.FailedPrecondition, "etcdserver: authentication is not enabled"),
} as const;

/**
 * The codes that go with the texts of a refused member change. "not enough started members" leaves etcd's
 * servers with Unknown, through a slip in its mapping that clients have come to know.
 */
const CHANGE_CODES: ReadonlyMap<string, number> = new Map([
  ["etcdserver: member not found", Code.NotFound],
  ["etcdserver: given member URLs are invalid", Code.InvalidArgument],
  ["etcdserver: unhealthy cluster", Code.Unavailable],
  ["etcdserver: re-configuration failed due to not enough started members", Code.Unknown],
]);

/** How each failure of the kernel reaches a client of etcd's API. The one place where they meet. */
export function statusOf(failure: Failure): Status {
  switch (failure.code) {
    case "NotLeader":
      return Refusal.notLeader;
    case "NoLeader":
      return Refusal.noLeader;
    case "Timeout":
      return Refusal.timeout;
    case "Expired":
      return DEADLINE_EXCEEDED;
    case "Overloaded":
      return Refusal.tooManyRequests;
    case "NoSpace":
      return Refusal.noSpace;
    case "Stopped":
      return Refusal.stopped;
    case "TooLarge":
      return Refusal.tooLarge;
    case "UnknownKeyspace":
      return unknownKeyspace(String(failure.keyspace));
    case "Learner":
      return Refusal.learner;
    case "Corrupt":
      return Refusal.corrupt;
    case "LeaderChanged":
      return Refusal.leaderChanged;
    case "BadTransferee":
      return Refusal.badTransferee;
    case "ChangeRefused":
      return status(CHANGE_CODES.get(failure.message) ?? Code.FailedPrecondition, failure.message);
    case "Rejected":
      return status(failure.status, failure.message);
    default:
      return unreachable(failure);
  }
}

export const unknownKeyspace = (name: string): Status =>
  status(Code.NotFound, `quorate: no keyspace ${name} is known to this member`);
