import { int64, message, uint64 } from "../protobuf/index.ts";

export const ResponseHeader = message("etcdserverpb.ResponseHeader", {
  cluster_id: uint64(1),
  member_id: uint64(2),
  revision: int64(3),
  raft_term: uint64(4),
});
