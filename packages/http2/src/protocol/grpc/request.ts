import { type HeaderList, requestHead } from "../fields/index.ts";
import { Code, type Status, status } from "./status.ts";
import { parseTimeout } from "./timeout.ts";

/** What gRPC reads from a request's fields (gRPC over HTTP/2, Requests). */
export type GrpcRequest =
  | {
      readonly type: "Call";
      readonly path: string;
      /** Null for no limit. */
      readonly timeoutMs: number | null;
      readonly encoding: string;
    }
  | { readonly type: "Refusal"; readonly httpStatus: string; readonly reason: Status };

/** For a request that is gRPC, and wrong. */
export const BAD_REQUEST = "400";

/** The texts are those of grpc-go's servers. */
export function readRequest(headers: HeaderList): GrpcRequest {
  const head = requestHead(headers);
  const method = head.type === "Request" ? head.method : "";
  if (head.type !== "Request" || method !== "POST") {
    const text = `Received a HEADERS frame with :method ${JSON.stringify(method)} which should be POST`;
    return refusal("405", status(Code.Internal, text));
  }
  const contentType = headers.get("content-type");
  if (!isGrpcContentType(contentType)) {
    const text = `invalid gRPC request content-type ${JSON.stringify(contentType ?? "")}`;
    return refusal("415", status(Code.InvalidArgument, text));
  }
  const timeout = headers.get("grpc-timeout");
  const timeoutMs = timeout === undefined ? null : parseTimeout(timeout);
  if (timeout !== undefined && timeoutMs === null) {
    const text = `malformed grpc-timeout: ${JSON.stringify(timeout)}`;
    return refusal(BAD_REQUEST, status(Code.Internal, text));
  }
  const encoding = headers.get("grpc-encoding") ?? "identity";
  return { type: "Call", path: head.path, timeoutMs, encoding };
}

function refusal(httpStatus: string, reason: Status): GrpcRequest {
  return { type: "Refusal", httpStatus, reason };
}

/** `application/grpc`, alone or with a subtype such as `application/grpc+proto` (gRPC over HTTP/2, Content-Type). */
export function isGrpcContentType(value: string | undefined): boolean {
  if (value === undefined) return false;
  const type = value.toLowerCase();
  if (!type.startsWith("application/grpc")) return false;
  const rest = type[16];
  return rest === undefined || rest === "+" || rest === ";";
}
