import { Malformed, type Value } from "../history/index.ts";

/** Nesting beyond this is refused: it is hostile, not a history. */
const DEPTH_MAX = 500;

/**
 * Extensible Data Notation, as far as histories use it: vectors, lists and sets become arrays, maps become objects, keywords and
 * symbols strings without their colon, nil null. Tags (`#inst`, records) are left out, integers beyond 2^53 and ratios are strings.
 */
export function* parseEdn(text: string): Generator<Value> {
  const cursor: Cursor = { text, at: 0, depth: 0 };
  for (;;) {
    skipBlank(cursor);
    if (cursor.at >= text.length) return;
    const value = form(cursor);
    if (value !== NOTHING) yield value;
  }
}

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
}

/** What `#_ form` stands for. */
const NOTHING = Symbol("nothing");
type Form = Value | typeof NOTHING;

function form(cursor: Cursor): Form {
  const { text } = cursor;
  const c = text[cursor.at] as string;
  switch (c) {
    case "(":
      return collection(cursor, ")", 1);
    case "[":
      return collection(cursor, "]", 1);
    case "{":
      return mapOf(cursor, collection(cursor, "}", 1));
    case '"':
      return string(cursor);
    case "\\":
      return character(cursor);
    case "^":
      cursor.at++;
      required(cursor);
      return required(cursor);
    case "#":
      return dispatch(cursor);
    case ")":
    case "]":
    case "}":
      throw malformed(cursor, `unexpected ${c}`);
    default:
      return atom(cursor);
  }
}

function dispatch(cursor: Cursor): Form {
  const next = cursor.text[cursor.at + 1];
  if (next === "{") return collection(cursor, "}", 2);
  if (next === "_") {
    cursor.at += 2;
    required(cursor);
    return NOTHING;
  }
  cursor.at++;
  token(cursor);
  return required(cursor);
}

/** The next form, where one has to follow. */
function required(cursor: Cursor): Value {
  for (;;) {
    skipBlank(cursor);
    if (cursor.at >= cursor.text.length) throw malformed(cursor, "the file ends in mid-form");
    const value = form(cursor);
    if (value !== NOTHING) return value;
  }
}

function collection(cursor: Cursor, close: string, opening: number): Value[] {
  const from = cursor.at;
  cursor.at += opening;
  if (++cursor.depth > DEPTH_MAX) throw malformed(cursor, `nested deeper than ${DEPTH_MAX}`);
  const values: Value[] = [];
  for (;;) {
    skipBlank(cursor);
    if (cursor.at >= cursor.text.length) throw malformed({ ...cursor, at: from }, `no ${close}`);
    if (cursor.text[cursor.at] === close) break;
    const value = form(cursor);
    if (value !== NOTHING) values.push(value);
  }
  cursor.at++;
  cursor.depth--;
  return values;
}

function mapOf(cursor: Cursor, values: readonly Value[]): Value {
  if (values.length % 2 === 1) throw malformed(cursor, "a map with a key and no value");
  const entries: [string, Value][] = [];
  for (let i = 0; i < values.length; i += 2) {
    entries.push([nameOf(values[i] as Value), values[i + 1] as Value]);
  }
  return Object.fromEntries(entries);
}

const nameOf = (key: Value): string => (typeof key === "string" ? key : JSON.stringify(key));

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
};

function string(cursor: Cursor): string {
  const { text } = cursor;
  const from = ++cursor.at;
  for (;;) {
    const end = text.indexOf('"', cursor.at);
    if (end < 0) throw malformed({ ...cursor, at: from }, 'no closing "');
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\" && end - 1 - slashes >= from) slashes++;
    cursor.at = end + 1;
    if (slashes % 2 === 0) return unescaped(text.slice(from, end));
  }
}

const unescaped = (text: string): string =>
  text.includes("\\")
    ? text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, c: string) =>
        hex === undefined ? (ESCAPES[c] ?? c) : String.fromCharCode(Number.parseInt(hex, 16)),
      )
    : text;

const CHARACTERS: Readonly<Record<string, string>> = {
  newline: "\n",
  return: "\r",
  space: " ",
  tab: "\t",
};

function character(cursor: Cursor): string {
  cursor.at++;
  const first = cursor.text[cursor.at] ?? "";
  cursor.at++;
  const name = first + token(cursor);
  if (/^u[0-9a-fA-F]{4}$/.test(name)) {
    return String.fromCharCode(Number.parseInt(name.slice(1), 16));
  }
  return CHARACTERS[name] ?? name;
}

function atom(cursor: Cursor): Value {
  const name = token(cursor);
  if (name === "") throw malformed(cursor, `unexpected ${cursor.text[cursor.at]}`);
  const c = name.charCodeAt(0);
  if (c === 58) return name.slice(1);
  if (isDigit(c) || ((c === 45 || c === 43) && isDigit(name.charCodeAt(1)))) return numberOf(name);
  if (name === "nil") return null;
  if (name === "true") return true;
  return name === "false" ? false : name;
}

function numberOf(name: string): Value {
  const digits = /[NM]$/.test(name) ? name.slice(0, -1) : name;
  const value = Number(digits);
  if (Number.isNaN(value)) return name;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? digits : value;
}

const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** Everything up to a delimiter. */
function token(cursor: Cursor): string {
  const { text } = cursor;
  const from = cursor.at;
  while (cursor.at < text.length && !isDelimiter(text.charCodeAt(cursor.at))) cursor.at++;
  return text.slice(from, cursor.at);
}

/** White space, comma, quote, brackets, semicolon. */
const isDelimiter = (c: number): boolean =>
  c <= 32 ||
  c === 44 ||
  c === 34 ||
  c === 59 ||
  c === 40 ||
  c === 41 ||
  c === 91 ||
  c === 93 ||
  c === 123 ||
  c === 125;

function skipBlank(cursor: Cursor): void {
  const { text } = cursor;
  for (; cursor.at < text.length; cursor.at++) {
    const c = text.charCodeAt(cursor.at);
    if (c === 59) {
      const end = text.indexOf("\n", cursor.at);
      cursor.at = end < 0 ? text.length : end;
    } else if (c > 32 && c !== 44 && c !== 0xfeff) {
      return;
    }
  }
}

function lineAt(text: string, at: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < at; i = text.indexOf("\n", i + 1)) line++;
  return line;
}

const malformed = ({ text, at }: Cursor, why: string): Malformed =>
  new Malformed(why, lineAt(text, at));
