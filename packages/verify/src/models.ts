import type { Value } from "./history/index.ts";
import { REGISTER_MODELS, type RegisterModel } from "./registers/index.ts";
import { type ElleLevel, type IsolationLevel, isElleLevel } from "./transactions/index.ts";

/** What a history is checked against. */
export type Model =
  | { readonly type: "linearizable"; readonly object: LinearizableObject }
  | { readonly type: "register-model"; readonly name: RegisterModel }
  | { readonly type: "isolation"; readonly level: IsolationLevel }
  | { readonly type: "list-append" | "rw-register"; readonly level: ElleLevel }
  | { readonly type: "bank"; readonly negativeBalances: boolean; readonly total: number | null }
  | { readonly type: "long-fork"; readonly groupSize: number | null }
  | { readonly type: "set" | "set-full" | "counter" | "comments" }
  | { readonly type: "leases"; readonly slack: number }
  | { readonly type: "bounded-staleness"; readonly versions: number; readonly time: number }
  | { readonly type: "revisions" | "fencing" | "watch" };

export type LinearizableObject =
  | {
      readonly name: "register" | "cas-register";
      /** Undefined where nothing was said. */
      readonly initial: Value;
      readonly failedCasObserves: boolean;
    }
  | { readonly name: "mutex"; readonly held: boolean }
  | { readonly name: "multi-register"; readonly initial: { readonly [key: string]: Value } }
  | { readonly name: "kv-string"; readonly initial: string }
  | { readonly name: "fifo-queue" | "set" };

const ISOLATION_LEVELS: readonly IsolationLevel[] = [
  "read-uncommitted",
  "read-committed",
  "repeatable-read",
  "read-atomic",
  "causal",
  "prefix",
  "snapshot-isolation",
  "serializable",
  "strict-serializable",
];

const OBJECTS = [
  "register",
  "cas-register",
  "mutex",
  "multi-register",
  "kv-string",
  "fifo-queue",
  "set",
];
const OBJECT_ALIASES: Readonly<Record<string, string>> = {
  queue: "fifo-queue",
  kv: "kv-string",
  "knossos-cas-register": "cas-register",
  "knossos-mutex": "mutex",
};

/**
 * Reads a model as tables and `--model` write it: `linearizable:cas-register(init=0)`, a bare `cas-register` or `mutex`, an isolation
 * level, `list-append snapshot-isolation`, `long-fork --group-size 3`… Null where there is no such model.
 */
export function parseModel(text: string): Model | null {
  const [name = "", ...words] = text.trim().split(/\s+/);
  if (name.startsWith("linearizable:")) {
    const object = parseObject(text.trim().slice("linearizable:".length));
    return object === null ? null : { type: "linearizable", object };
  }
  const flags = parseFlags(words);
  if (flags === null) return null;
  const bare = name.replace(/^(jepsen|elle)-/, "");
  if (!belong(bare, flags)) return null;
  return parseWorkload(bare, flags) ?? parsePlain(bare, flags, text.trim());
}

interface Flags {
  readonly level: string | null;
  readonly numbers: ReadonlyMap<string, number>;
  readonly switches: ReadonlySet<string>;
}

const NUMBER_FLAGS = [
  "--group-size",
  "--total-amount",
  "--max-transfer",
  "--slack",
  "--versions",
  "--time",
];
const SWITCHES = ["--allow-negative-balances", "-n"];

function parseFlags(words: readonly string[]): Flags | null {
  const numbers = new Map<string, number>();
  const switches = new Set<string>();
  let level: string | null = null;
  for (let i = 0; i < words.length; i++) {
    const [word, given] = (words[i] as string).split("=", 2) as [string, string | undefined];
    if (SWITCHES.includes(word)) switches.add(word);
    else if (word === "--consistency-models" || word === "-c") level = given ?? words[++i] ?? "";
    else if (NUMBER_FLAGS.includes(word)) numbers.set(word, Number(given ?? words[++i]));
    else if (word.startsWith("-") || level !== null) return null;
    else level = word;
  }
  const counts = [...numbers.values()].every(
    (number) => Number.isSafeInteger(number) && number >= 0,
  );
  return counts ? { level, numbers, switches } : null;
}

/** Which flags say something of which model. A flag elsewhere is a slip, and what was meant would not be checked. */
const FLAGS_OF: Readonly<Record<string, readonly string[]>> = {
  bank: ["--total-amount", "--max-transfer", ...SWITCHES],
  leases: ["--slack"],
  "bounded-staleness": ["--versions", "--time"],
  "long-fork": ["--group-size"],
};

function belong(name: string, { level, numbers, switches }: Flags): boolean {
  const known = FLAGS_OF[name];
  const given = [...numbers.keys(), ...switches];
  return (known === undefined || level === null) && given.every((flag) => known?.includes(flag));
}

function parseWorkload(name: string, { level, numbers, switches }: Flags): Model | null {
  switch (name) {
    case "list-append":
    case "rw-register": {
      const given = (level ?? "strict-serializable").replace(/^:/, "");
      return isElleLevel(given) ? { type: name, level: given } : null;
    }
    case "bank":
      return {
        type: "bank",
        negativeBalances: switches.size > 0,
        total: numbers.get("--total-amount") ?? null,
      };
    case "leases":
      return { type: "leases", slack: numbers.get("--slack") ?? 0 };
    case "bounded-staleness": {
      // With neither bound every stale read breaks it, and the verdict says how stale.
      const [versions, time] = [numbers.get("--versions"), numbers.get("--time")];
      const other = versions === undefined && time === undefined ? 0 : Number.POSITIVE_INFINITY;
      return { type: "bounded-staleness", versions: versions ?? other, time: time ?? other };
    }
    case "long-fork": {
      const groupSize = numbers.get("--group-size") ?? null;
      return { type: "long-fork", groupSize: groupSize === 0 ? null : groupSize };
    }
    default:
      return null;
  }
}

function parsePlain(name: string, { level }: Flags, text: string): Model | null {
  if (level === null) {
    const isolation = ISOLATION_LEVELS.find((known) => known === name);
    if (isolation !== undefined) return { type: "isolation", level: isolation };
    const model = REGISTER_MODELS.find((known) => known === name);
    if (model !== undefined) return { type: "register-model", name: model };
    switch (name) {
      case "set":
      case "set-full":
      case "counter":
      case "comments":
      case "revisions":
      case "fencing":
      case "watch":
        return { type: name };
    }
  }
  const object = parseObject(text);
  return object === null ? null : { type: "linearizable", object };
}

const OBJECT = /^([\w-]+)\s*(?:\((.*)\))?$/;

/** What may stand in brackets; of registers also their names. The empty word is that of empty brackets. */
const PARAMETERS = new Set([
  "",
  "init",
  "failed-cas-allowed",
  "unknown-outcomes",
  "get/put/append",
]);
const MUTEX_STATES = new Set<Value>([null, "free", "unlocked", "locked", "held"]);

function parseObject(text: string): LinearizableObject | null {
  const match = OBJECT.exec(text);
  const given = match?.[1] ?? "";
  const name = OBJECT_ALIASES[given] ?? given;
  if (!OBJECTS.includes(name)) return null;
  const inside = match?.[2] ?? "";
  const parameters = new Map(
    inside
      .replace(/^init\s+/, "")
      .split(",")
      .map((part) => part.trim().split("=", 2) as [string, string | undefined]),
  );
  if (name !== "multi-register" && ![...parameters.keys()].every((key) => PARAMETERS.has(key)))
    return null;
  const initial = parseValue(parameters.get("init") ?? "nil");
  switch (name) {
    case "register":
    case "cas-register":
      return { name, initial, failedCasObserves: parameters.has("failed-cas-allowed") };
    case "mutex":
      if (!MUTEX_STATES.has(initial)) return null;
      return { name, held: initial === "locked" || initial === "held" };
    case "multi-register":
      return { name, initial: registersOf(parameters) };
    case "kv-string":
      return { name, initial: typeof initial === "string" ? initial : "" };
    case "fifo-queue":
    case "set":
      return { name };
    default:
      return null;
  }
}

function registersOf(parameters: ReadonlyMap<string, string | undefined>): {
  readonly [key: string]: Value;
} {
  const named = [...parameters].filter(([key, value]) => key !== "init" && value !== undefined);
  return Object.fromEntries(named.map(([key, value]) => [key, parseValue(value as string)]));
}

function parseValue(text: string): Value {
  if (text === "nil" || text === "null") return null;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  return /^".*"$/.test(text) ? text.slice(1, -1) : text.replace(/^:/, "");
}
