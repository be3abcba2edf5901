import { FieldKind, type HeaderField } from "./field.ts";
import type { HeaderList } from "./header-list.ts";

/** What the pseudo-header fields of a message say (RFC 9113 §8.3), or why it is malformed (§8.1.1). */
export type MessageHead = RequestHead | ResponseHead | Violation;

export interface RequestHead {
  readonly type: "Request";
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  /** -1 where the message does not say. */
  readonly contentLength: number;
}

export interface ResponseHead {
  readonly type: "Response";
  readonly status: number;
  readonly contentLength: number;
}

/** A message that breaks the rules is answered with a stream error (RFC 9113 §8.1.1). */
export interface Violation {
  readonly type: "Violation";
  readonly reason: string;
}

const violation = (reason: string): Violation => ({ type: "Violation", reason });

/** Reads a request's fields. The same list gives the same head without another look. */
export function requestHead(list: HeaderList): RequestHead | Violation {
  const known = list.head;
  if (known !== null && known.type !== "Response") return known;
  const head = readRequest(list);
  list.head = head;
  return head;
}

export function responseHead(list: HeaderList): ResponseHead | Violation {
  const known = list.head;
  if (known !== null && known.type !== "Request") return known;
  const head = readResponse(list);
  list.head = head;
  return head;
}

/** Null where the list may end a message: no pseudo-header field and nothing forbidden (RFC 9113 §8.1). */
export function trailersViolation(list: HeaderList): Violation | null {
  for (const { kind, name } of list.fields) {
    if (kind === FieldKind.Forbidden) return violation(`field ${JSON.stringify(name)} in trailers`);
    if (kind >= FieldKind.Method && kind <= FieldKind.UnknownPseudo) {
      return violation(`pseudo-header field ${name} in trailers`);
    }
  }
  return null;
}

function readRequest(list: HeaderList): RequestHead | Violation {
  const seen = pseudoFields(list);
  if (seen.type === "Violation") return seen;
  const { method, scheme, authority, path, status, host, contentLength } = seen;
  if (status !== null) return violation("a request with :status");
  if (method === null) return violation("no :method");
  if (authority !== null && host !== null && authority !== host) {
    return violation(":authority and host differ");
  }
  if (method === "CONNECT") {
    if (scheme !== null || path !== null) return violation("CONNECT with :scheme or :path");
    if (authority === null) return violation("CONNECT without :authority");
  } else {
    if (scheme === null) return violation("no :scheme");
    if (path === null || path === "") return violation("no :path");
    if (path[0] !== "/" && !(path === "*" && method === "OPTIONS")) return violation("bad :path");
  }
  return {
    type: "Request",
    method,
    path: path ?? "",
    authority: authority ?? host ?? "",
    contentLength,
  };
}

function readResponse(list: HeaderList): ResponseHead | Violation {
  const seen = pseudoFields(list);
  if (seen.type === "Violation") return seen;
  const { method, scheme, authority, path, status, contentLength } = seen;
  if (method !== null || scheme !== null || authority !== null || path !== null) {
    return violation("a response with a request's pseudo-header field");
  }
  if (status === null || !/^[1-9]\d\d$/.test(status)) return violation("no valid :status");
  if (status === "101") return violation("status 101 has no meaning in HTTP/2");
  return { type: "Response", status: Number(status), contentLength };
}

/** Null for each that is absent. */
interface Seen {
  readonly type: "Seen";
  method: string | null;
  scheme: string | null;
  authority: string | null;
  path: string | null;
  status: string | null;
  host: string | null;
  contentLength: number;
}

function pseudoFields(list: HeaderList): Seen | Violation {
  const seen: Seen = {
    type: "Seen",
    method: null,
    scheme: null,
    authority: null,
    path: null,
    status: null,
    host: null,
    contentLength: -1,
  };
  let regular = false;
  for (const field of list.fields) {
    const { kind } = field;
    if (kind === FieldKind.Forbidden) {
      return violation(`field ${JSON.stringify(field.name)} is not allowed as it is`);
    }
    const isPseudo = kind >= FieldKind.Method && kind <= FieldKind.UnknownPseudo;
    if (isPseudo && regular) return violation(`${field.name} after a regular field`);
    regular = !isPseudo;
    const wrong = note(seen, field);
    if (wrong !== null) return wrong;
  }
  return seen;
}

function note(seen: Seen, { kind, name, value }: HeaderField): Violation | null {
  switch (kind) {
    case FieldKind.Method:
      if (seen.method !== null) return twice(name);
      seen.method = value;
      return value === "" ? violation("empty :method") : null;
    case FieldKind.Scheme:
      if (seen.scheme !== null) return twice(name);
      seen.scheme = value;
      return null;
    case FieldKind.Authority:
      if (seen.authority !== null) return twice(name);
      seen.authority = value;
      return null;
    case FieldKind.Path:
      if (seen.path !== null) return twice(name);
      seen.path = value;
      return null;
    case FieldKind.Status:
      if (seen.status !== null) return twice(name);
      seen.status = value;
      return null;
    case FieldKind.Host:
      if (seen.host !== null) return twice(name);
      seen.host = value;
      return null;
    case FieldKind.ContentLength:
      return noteLength(seen, value);
    case FieldKind.UnknownPseudo:
      return violation(`unknown pseudo-header field ${name}`);
    default:
      return null;
  }
}

const twice = (name: string): Violation => violation(`${name} twice`);

function noteLength(seen: Seen, value: string): Violation | null {
  if (!/^\d{1,15}$/.test(value)) return violation("bad content-length");
  const length = Number(value);
  if (seen.contentLength !== -1 && seen.contentLength !== length) return twice("content-length");
  seen.contentLength = length;
  return null;
}
