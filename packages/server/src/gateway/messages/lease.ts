import { bool, bytes, int64, message, nested, repeated, string } from "../protobuf/index.ts";
import { ResponseHeader } from "./header.ts";

export const LeaseGrantRequest = message("etcdserverpb.LeaseGrantRequest", {
  TTL: int64(1),
  ID: int64(2),
});

export const LeaseGrantResponse = message("etcdserverpb.LeaseGrantResponse", {
  header: nested(1, () => ResponseHeader),
  ID: int64(2),
  TTL: int64(3),
  error: string(4),
});

export const LeaseRevokeRequest = message("etcdserverpb.LeaseRevokeRequest", { ID: int64(1) });

export const LeaseRevokeResponse = message("etcdserverpb.LeaseRevokeResponse", {
  header: nested(1, () => ResponseHeader),
});

export const LeaseKeepAliveRequest = message("etcdserverpb.LeaseKeepAliveRequest", {
  ID: int64(1),
});

export const LeaseKeepAliveResponse = message("etcdserverpb.LeaseKeepAliveResponse", {
  header: nested(1, () => ResponseHeader),
  ID: int64(2),
  TTL: int64(3),
});

export const LeaseTimeToLiveRequest = message("etcdserverpb.LeaseTimeToLiveRequest", {
  ID: int64(1),
  keys: bool(2),
});

export const LeaseTimeToLiveResponse = message("etcdserverpb.LeaseTimeToLiveResponse", {
  header: nested(1, () => ResponseHeader),
  ID: int64(2),
  TTL: int64(3),
  grantedTTL: int64(4),
  keys: repeated(bytes(5)),
});

export const LeaseLeasesRequest = message("etcdserverpb.LeaseLeasesRequest", {});

export const LeaseStatus = message("etcdserverpb.LeaseStatus", { ID: int64(1) });

export const LeaseLeasesResponse = message("etcdserverpb.LeaseLeasesResponse", {
  header: nested(1, () => ResponseHeader),
  leases: repeated(nested(2, () => LeaseStatus)),
});
