import { bool, message, nested, repeated, string, uint64 } from "../protobuf/index.ts";
import { ResponseHeader } from "./header.ts";

export const Member = message("etcdserverpb.Member", {
  ID: uint64(1),
  name: string(2),
  peerURLs: repeated(string(3)),
  clientURLs: repeated(string(4)),
  isLearner: bool(5),
});

export const MemberAddRequest = message("etcdserverpb.MemberAddRequest", {
  peerURLs: repeated(string(1)),
  isLearner: bool(2),
});

export const MemberAddResponse = message("etcdserverpb.MemberAddResponse", {
  header: nested(1, () => ResponseHeader),
  member: nested(2, () => Member),
  members: repeated(nested(3, () => Member)),
});

export const MemberRemoveRequest = message("etcdserverpb.MemberRemoveRequest", { ID: uint64(1) });
export const MemberRemoveResponse = members("etcdserverpb.MemberRemoveResponse");

export const MemberUpdateRequest = message("etcdserverpb.MemberUpdateRequest", {
  ID: uint64(1),
  peerURLs: repeated(string(2)),
});
export const MemberUpdateResponse = members("etcdserverpb.MemberUpdateResponse");

export const MemberListRequest = message("etcdserverpb.MemberListRequest", {
  linearizable: bool(1),
});
export const MemberListResponse = members("etcdserverpb.MemberListResponse");

export const MemberPromoteRequest = message("etcdserverpb.MemberPromoteRequest", { ID: uint64(1) });
export const MemberPromoteResponse = members("etcdserverpb.MemberPromoteResponse");

function members(name: string) {
  return message(name, {
    header: nested(1, () => ResponseHeader),
    members: repeated(nested(2, () => Member)),
  });
}
