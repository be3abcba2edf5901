import { STATUS_CODES } from "node:http";
import { Code, type Status } from "../grpc/index.ts";

/** The HTTP status that etcd's gateway gives for each gRPC code, by code. */
const HTTP_STATUS: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];

export const httpStatusOf = (code: number): number => HTTP_STATUS[code] ?? 500;

/** An error as the body of a response: the fields of etcd 3.5 and of 3.6 together, as clients read either. */
export function errorBody({ code, message }: Status): string {
  return JSON.stringify({ error: message, code, message });
}

/** An error as a line of a stream, again with the fields of both. */
export function streamError({ code, message }: Status): string {
  const httpCode = httpStatusOf(code);
  const error = {
    grpc_code: code,
    http_code: httpCode,
    message,
    http_status: STATUS_CODES[httpCode] ?? "",
    code,
  };
  return `${JSON.stringify({ error })}\n`;
}

/** In the words of etcd's gateway. */
export const invalidTimeout = (text: string): Status => ({
  code: Code.InvalidArgument,
  message: `invalid grpc-timeout: ${text}`,
});

export const NOT_FOUND: Status = { code: Code.NotFound, message: "Not Found" };
export const METHOD_NOT_ALLOWED: Status = {
  code: Code.Unimplemented,
  message: "Method Not Allowed",
};
