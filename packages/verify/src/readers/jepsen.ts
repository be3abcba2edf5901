import {
  type Event,
  type History,
  Malformed,
  type Outcome,
  pair,
  type Value,
} from "../history/index.ts";

const OUTCOMES: Readonly<Record<string, "invoke" | Outcome>> = {
  invoke: "invoke",
  ok: "ok",
  fail: "failed",
  failed: "failed",
  info: "unknown",
  unknown: "unknown",
};

/**
 * A history from Jepsen's operation maps, as EDN or JSON writes them. What no client did (`:nemesis`, and whatever else has a
 * name for a process) is left out. The order of the maps is real time; `:time` and `:index` do not count.
 */
export function jepsenHistory(forms: Iterable<Value>): History {
  const events: Event[] = [];
  let time = 0;
  for (const map of operationMaps(forms)) {
    const event = eventOf(map, time++);
    if (event !== null) events.push(event);
  }
  return pair(events);
}

/** The maps, whether one after another or inside one vector or list; an object with a `history` in it is one, too. */
function* operationMaps(forms: Iterable<Value>): Generator<Readonly<Record<string, Value>>> {
  for (const form of forms) {
    if (Array.isArray(form)) {
      yield* operationMaps(form);
      continue;
    }
    if (!isMap(form)) throw new Malformed(`expected an operation, found ${text(form)}`, null);
    const inner = form["type"] === undefined ? (form["history"] ?? form["ops"]) : undefined;
    if (Array.isArray(inner)) yield* operationMaps(inner);
    else yield form;
  }
}

function eventOf(map: Readonly<Record<string, Value>>, time: number): Event | null {
  const process = processOf(map["process"]);
  if (process === undefined) return null;
  const name = map["type"];
  const type = typeof name === "string" ? OUTCOMES[bare(name)] : undefined;
  if (type === undefined) {
    throw new Malformed(`operation ${time} is of type ${text(name ?? null)}`, null);
  }
  const f = map["f"];
  const key = map["key"] ?? null;
  return {
    type,
    process,
    // Elle's histories often leave it out.
    f: typeof f === "string" ? bare(f) : "txn",
    key: key === null || typeof key === "string" ? key : text(key),
    value: map["value"],
    time,
  };
}

/** Undefined where it is not a client, null where none is named. */
function processOf(process: Value | undefined): number | null | undefined {
  if (process === undefined || process === null) return null;
  if (typeof process === "number") return process < 0 ? undefined : process;
  return typeof process === "string" && /^\d{1,15}$/.test(process) ? Number(process) : undefined;
}

const bare = (name: string): string => (name.startsWith(":") ? name.slice(1) : name);

const isMap = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const text = (value: Value): string => JSON.stringify(value).slice(0, 80);
