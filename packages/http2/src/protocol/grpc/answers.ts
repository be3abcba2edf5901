import { HeaderField, HeaderList } from "../fields/index.ts";
import { OK, type Status } from "./status.ts";
import { percentEncode } from "./text.ts";

/** Fields and lists that every answer uses: one object each, so that encoders know them again. */

const contentType = new HeaderField("content-type", "application/grpc");
const ok = new HeaderField(":status", "200");
const STATUS_FIELDS = Array.from(
  { length: 17 },
  (_, code) => new HeaderField("grpc-status", String(code)),
);

export const NO_TRAILERS = new HeaderList([]);
export const OK_TRAILERS = new HeaderList([STATUS_FIELDS[0] as HeaderField]);

/** The head of an answer whose messages may be compressed with `encoding`; with `statusFields` behind it, all of an answer. */
export function responseHeaders(accepted: string, encoding: string | null): HeaderList {
  const fields = [ok, contentType, new HeaderField("grpc-accept-encoding", accepted)];
  if (encoding !== null) fields.push(new HeaderField("grpc-encoding", encoding));
  return new HeaderList(fields);
}

export function statusFields(ended: Status): readonly HeaderField[] {
  const code = STATUS_FIELDS[ended.code] ?? new HeaderField("grpc-status", String(ended.code));
  if (ended === OK || ended.message === "") return [code];
  return [code, new HeaderField("grpc-message", percentEncode(ended.message), { indexed: false })];
}
