import type { Method, ServiceTable } from "../grpc/index.ts";
import * as messages from "../messages/index.ts";
import type { MessageType } from "../protobuf/index.ts";

/** A path of the JSON gateway: the method it stands for, and how to transcode to and from it. */
export interface Route {
  readonly method: Method;
  readonly request: MessageType;
  readonly response: MessageType;
}

type Declared = readonly [
  path: string,
  method: string,
  request: MessageType,
  response: MessageType,
];

const m = messages;
const KV = "/etcdserverpb.KV";
const LEASE = "/etcdserverpb.Lease";
const CLUSTER = "/etcdserverpb.Cluster";
const MAINTENANCE = "/etcdserverpb.Maintenance";
const AUTH = "/etcdserverpb.Auth";
const KEYSPACES = "/quorate.Keyspaces";

/** The table of etcd's gateway, under `/v3`, and our own keyspaces beside it. */
const DECLARED: readonly Declared[] = [
  ["/kv/range", `${KV}/Range`, m.RangeRequest, m.RangeResponse],
  ["/kv/put", `${KV}/Put`, m.PutRequest, m.PutResponse],
  ["/kv/deleterange", `${KV}/DeleteRange`, m.DeleteRangeRequest, m.DeleteRangeResponse],
  ["/kv/txn", `${KV}/Txn`, m.TxnRequest, m.TxnResponse],
  ["/kv/compaction", `${KV}/Compact`, m.CompactionRequest, m.CompactionResponse],
  ["/watch", "/etcdserverpb.Watch/Watch", m.WatchRequest, m.WatchResponse],
  ["/lease/grant", `${LEASE}/LeaseGrant`, m.LeaseGrantRequest, m.LeaseGrantResponse],
  ["/lease/revoke", `${LEASE}/LeaseRevoke`, m.LeaseRevokeRequest, m.LeaseRevokeResponse],
  ["/kv/lease/revoke", `${LEASE}/LeaseRevoke`, m.LeaseRevokeRequest, m.LeaseRevokeResponse],
  [
    "/lease/keepalive",
    `${LEASE}/LeaseKeepAlive`,
    m.LeaseKeepAliveRequest,
    m.LeaseKeepAliveResponse,
  ],
  [
    "/lease/timetolive",
    `${LEASE}/LeaseTimeToLive`,
    m.LeaseTimeToLiveRequest,
    m.LeaseTimeToLiveResponse,
  ],
  [
    "/kv/lease/timetolive",
    `${LEASE}/LeaseTimeToLive`,
    m.LeaseTimeToLiveRequest,
    m.LeaseTimeToLiveResponse,
  ],
  ["/lease/leases", `${LEASE}/LeaseLeases`, m.LeaseLeasesRequest, m.LeaseLeasesResponse],
  ["/kv/lease/leases", `${LEASE}/LeaseLeases`, m.LeaseLeasesRequest, m.LeaseLeasesResponse],
  ["/cluster/member/add", `${CLUSTER}/MemberAdd`, m.MemberAddRequest, m.MemberAddResponse],
  [
    "/cluster/member/remove",
    `${CLUSTER}/MemberRemove`,
    m.MemberRemoveRequest,
    m.MemberRemoveResponse,
  ],
  [
    "/cluster/member/update",
    `${CLUSTER}/MemberUpdate`,
    m.MemberUpdateRequest,
    m.MemberUpdateResponse,
  ],
  ["/cluster/member/list", `${CLUSTER}/MemberList`, m.MemberListRequest, m.MemberListResponse],
  [
    "/cluster/member/promote",
    `${CLUSTER}/MemberPromote`,
    m.MemberPromoteRequest,
    m.MemberPromoteResponse,
  ],
  ["/maintenance/alarm", `${MAINTENANCE}/Alarm`, m.AlarmRequest, m.AlarmResponse],
  ["/maintenance/status", `${MAINTENANCE}/Status`, m.StatusRequest, m.StatusResponse],
  [
    "/maintenance/defragment",
    `${MAINTENANCE}/Defragment`,
    m.DefragmentRequest,
    m.DefragmentResponse,
  ],
  ["/maintenance/hash", `${MAINTENANCE}/Hash`, m.HashRequest, m.HashResponse],
  ["/maintenance/hashkv", `${MAINTENANCE}/HashKV`, m.HashKVRequest, m.HashKVResponse],
  ["/maintenance/snapshot", `${MAINTENANCE}/Snapshot`, m.SnapshotRequest, m.SnapshotResponse],
  [
    "/maintenance/transfer-leadership",
    `${MAINTENANCE}/MoveLeader`,
    m.MoveLeaderRequest,
    m.MoveLeaderResponse,
  ],
  ["/maintenance/downgrade", `${MAINTENANCE}/Downgrade`, m.DowngradeRequest, m.DowngradeResponse],
  ["/auth/authenticate", `${AUTH}/Authenticate`, m.AuthenticateRequest, m.AuthenticateResponse],
  ["/keyspaces/list", `${KEYSPACES}/List`, m.KeyspaceListRequest, m.KeyspacesResponse],
  ["/keyspaces/create", `${KEYSPACES}/Create`, m.KeyspaceCreateRequest, m.KeyspacesResponse],
  ["/keyspaces/set", `${KEYSPACES}/Set`, m.KeyspaceSetRequest, m.KeyspacesResponse],
  ["/keyspaces/expose", `${KEYSPACES}/Expose`, m.KeyspaceExposeRequest, m.KeyspacesResponse],
  ["/keyspaces/drop", `${KEYSPACES}/Drop`, m.KeyspaceDropRequest, m.KeyspacesResponse],
  ["/keyspaces/lost", `${KEYSPACES}/Lost`, m.KeyspaceLostRequest, m.KeyspaceLostResponse],
  ["/losses/watch", "/quorate.Losses/Watch", m.LossesWatchRequest, m.LossesWatchResponse],
  ["/auth/status", `${AUTH}/AuthStatus`, m.AuthStatusRequest, m.AuthStatusResponse],
];

const PREFIX = /^\/v3(?:beta)?(?=\/)/;

/** The routes to those methods that the table has. */
export class Routes {
  readonly #byPath = new Map<string, Route>();

  constructor(table: ServiceTable) {
    for (const [path, name, request, response] of DECLARED) {
      const method = table.find(name);
      if (!("code" in method)) this.#byPath.set(path, { method, request, response });
    }
  }

  find(path: string): Route | null {
    return PREFIX.test(path) ? (this.#byPath.get(path.replace(PREFIX, "")) ?? null) : null;
  }
}
