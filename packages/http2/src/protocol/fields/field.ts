/**
 * What HTTP makes of a field, by its name and value (RFC 9113 §8.2, §8.3). Numbers, because every request's fields are
 * looked at once each and this is what the look switches on.
 */
export const FieldKind = {
  Other: 0,
  Method: 1,
  Scheme: 2,
  Authority: 3,
  Path: 4,
  Status: 5,
  UnknownPseudo: 6,
  Host: 7,
  ContentLength: 8,
  /** Has no place in HTTP/2, or characters that no field may have: a message with it is malformed. */
  Forbidden: 9,
} as const;

/** What a field costs in a table beyond its bytes (RFC 7541 §4.1). */
export const FIELD_OVERHEAD = 32;

/**
 * A header field. Values hold one character for each byte. Fields are shared: a table, a request and a cache refer to the same
 * object, so everything that can be said of it is worked out once.
 */
export class HeaderField {
  readonly name: string;
  readonly value: string;
  /** True where no intermediary or table may keep it (RFC 7541 §7.1.3). */
  readonly sensitive: boolean;
  /** False where its value will hardly come again, and a place in a table would be wasted on it. */
  readonly indexed: boolean;
  readonly size: number;
  readonly kind: number;
  /** The same for two fields exactly when name and value are. */
  readonly key: string;

  constructor(name: string, value: string, options: FieldOptions = {}) {
    this.name = name;
    this.value = value;
    this.sensitive = options.sensitive ?? false;
    this.indexed = !this.sensitive && (options.indexed ?? true);
    this.size = name.length + value.length + FIELD_OVERHEAD;
    this.kind = kindOf(name, value);
    this.key = keyOf(name, value);
  }
}

export interface FieldOptions {
  readonly sensitive?: boolean;
  readonly indexed?: boolean;
}

/** No field's name holds a line feed, so that this is one-to-one for all that are well-formed. */
const keyOf = (name: string, value: string): string => `${name}\n${value}`;

const KINDS: ReadonlyMap<string, number> = new Map([
  [":method", FieldKind.Method],
  [":scheme", FieldKind.Scheme],
  [":authority", FieldKind.Authority],
  [":path", FieldKind.Path],
  [":status", FieldKind.Status],
  ["host", FieldKind.Host],
  ["content-length", FieldKind.ContentLength],
  ["connection", FieldKind.Forbidden],
  ["proxy-connection", FieldKind.Forbidden],
  ["keep-alive", FieldKind.Forbidden],
  ["transfer-encoding", FieldKind.Forbidden],
  ["upgrade", FieldKind.Forbidden],
]);

function kindOf(name: string, value: string): number {
  if (!isName(name) || !isValue(value)) return FieldKind.Forbidden;
  const kind = KINDS.get(name);
  if (kind !== undefined) return kind;
  if (name.charCodeAt(0) === COLON) return FieldKind.UnknownPseudo;
  if (name === "te" && value.toLowerCase() !== "trailers") return FieldKind.Forbidden;
  return FieldKind.Other;
}

const COLON = 0x3a;

/** No upper case, no space, no control and nothing beyond ASCII; a colon only in front (RFC 9113 §8.2.1). */
function isName(name: string): boolean {
  if (name.length === 0) return false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c <= 0x20 || c >= 0x7f || (c >= 0x41 && c <= 0x5a)) return false;
    if (c === COLON && i > 0) return false;
  }
  return name.length > 1 || name.charCodeAt(0) !== COLON;
}

/** No NUL, LF or CR anywhere, no blank at either end (RFC 9113 §8.2.1). */
function isValue(value: string): boolean {
  const length = value.length;
  if (length === 0) return true;
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1))) return false;
  for (let i = 0; i < length; i++) {
    const c = value.charCodeAt(i);
    if (c === 0 || c === 0x0a || c === 0x0d || c > 0xff) return false;
  }
  return true;
}

const isBlank = (c: number): boolean => c === 0x20 || c === 0x09;
