import { usage } from "./exit.ts";
import { base64, keyRange } from "./keys.ts";

/**
 * The small language of `quorate txn`: a comparison is `value(KEY) = TEXT`, an operation a command line. Both in
 * the words that etcdctl's interactive mode has. They become the API's JSON.
 */
export interface TxnRequest {
  readonly compare: readonly object[];
  readonly success: readonly object[];
  readonly failure: readonly object[];
}

const TARGETS: Readonly<Record<string, readonly [target: string, field: string]>> = {
  value: ["VALUE", "value"],
  version: ["VERSION", "version"],
  create: ["CREATE", "create_revision"],
  mod: ["MOD", "mod_revision"],
  lease: ["LEASE", "lease"],
};
const RESULTS: Readonly<Record<string, string>> = {
  "=": "EQUAL",
  "!=": "NOT_EQUAL",
  "<": "LESS",
  ">": "GREATER",
};

/** `value(k) = v`, `version(k) > 0`; key and value may be in quotes. Throws a usage error. */
export function parseCompare(text: string): object {
  const match = /^\s*(\w+)\s*\(\s*("(?:[^"\\]|\\.)*"|[^)]*?)\s*\)\s*(!=|=|<|>)\s*(.*?)\s*$/s.exec(
    text,
  );
  const [target, field] = TARGETS[match?.[1] ?? ""] ?? [];
  const result = RESULTS[match?.[3] ?? ""];
  if (match === null || target === undefined || field === undefined || result === undefined) {
    throw usage(
      `"${text}" is no comparison: write value(KEY) = TEXT, or version, create, mod, lease with a number`,
    );
  }
  const operand = unquoted(match[4] ?? "");
  if (field !== "value" && !/^\d+$/.test(operand)) {
    throw usage(`"${text}" compares ${target.toLowerCase()} with "${operand}", which is no number`);
  }
  return {
    target,
    result,
    key: base64(unquoted(match[2] ?? "")),
    [field]: field === "value" ? base64(operand) : operand,
  };
}

/** `put KEY VALUE`, `get KEY [END]`, `del KEY [END]`, the latter two with `--prefix`. Throws a usage error. */
export function parseOperation(text: string): object {
  const words = wordsOf(text);
  const prefix = words.includes("--prefix");
  const [verb, key, second, ...more] = words.filter((word) => word !== "--prefix");
  if (key !== undefined && more.length === 0) {
    if (verb === "put" && second !== undefined && !prefix) {
      return { request_put: { key: base64(key), value: base64(second) } };
    }
    if (verb === "get") return { request_range: keyRange(key, second, prefix) };
    if (verb === "del") return { request_delete_range: keyRange(key, second, prefix) };
  }
  throw usage(`"${text}" is no operation: write put KEY VALUE, get KEY [END] or del KEY [END]`);
}

/** Three paragraphs, as etcdctl reads them: comparisons, what to do if all hold, what to do if not. */
export function parseTxn(text: string): TxnRequest {
  const parts = text
    .split(/\r?\n[ \t]*\r?\n/)
    .map((part) => part.split(/\r?\n/).filter((line) => line.trim() !== ""));
  if (parts.length > 3 && parts.slice(3).some((part) => part.length > 0)) {
    throw usage("a transaction has three paragraphs: comparisons, then, else");
  }
  const [compare = [], success = [], failure = []] = parts;
  return {
    compare: compare.map(parseCompare),
    success: success.map(parseOperation),
    failure: failure.map(parseOperation),
  };
}

/** Words by blanks; quotes, single or double, keep blanks; a backslash keeps the next character in double quotes. */
function wordsOf(text: string): readonly string[] {
  const found = text.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']+/gs) ?? [];
  return found.map(unquoted);
}

function unquoted(text: string): string {
  if (/^'.*'$/s.test(text)) return text.slice(1, -1);
  if (!/^".*"$/s.test(text)) return text;
  return text
    .slice(1, -1)
    .replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t" };
