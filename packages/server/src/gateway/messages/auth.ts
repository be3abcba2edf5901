import { bool, message, nested, string, uint64 } from "../protobuf/index.ts";
import { ResponseHeader } from "./header.ts";

export const AuthenticateRequest = message("etcdserverpb.AuthenticateRequest", {
  name: string(1),
  password: string(2),
});

export const AuthenticateResponse = message("etcdserverpb.AuthenticateResponse", {
  header: nested(1, () => ResponseHeader),
  token: string(2),
});

export const AuthStatusRequest = message("etcdserverpb.AuthStatusRequest", {});

export const AuthStatusResponse = message("etcdserverpb.AuthStatusResponse", {
  header: nested(1, () => ResponseHeader),
  enabled: bool(2),
  authRevision: uint64(3),
});
