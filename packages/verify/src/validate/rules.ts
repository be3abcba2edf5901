import { type Operation, type Value, wordOf } from "../history/index.ts";
import type { LinearizableObject } from "../models.ts";
import type { Replay, Rules } from "./operations.ts";

/** The rules of an object. `nilIsSilent`: a read that answered null says nothing. */
export function rulesOf(object: LinearizableObject, nilIsSilent: boolean): Rules {
  const observing = "failedCasObserves" in object && object.failedCasObserves;
  const seesFailure = ({ f, outcome }: Operation): boolean =>
    observing && f === "cas" && outcome === "failed";
  const silent = ({ f, output }: Operation): boolean =>
    nilIsSilent && f === "read" && output === null;
  return {
    initial: initialOf(object),
    replay: REPLAYS[object.name],
    certain: (one) => (one.outcome === "ok" && !silent(one)) || seesFailure(one),
    possible: (one) => one.outcome !== "failed" || seesFailure(one),
  };
}

function initialOf(object: LinearizableObject): Value {
  switch (object.name) {
    case "mutex":
      return object.held;
    case "fifo-queue":
    case "set":
      return [];
    default:
      return object.initial;
  }
}

const text = (value: Value): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const list = (value: Value): readonly Value[] => (Array.isArray(value) ? value : []);

const unanswered = ({ outcome }: Operation): boolean => outcome === "unknown";

const register: Replay = (state, operation) => {
  const { f, input, output, outcome } = operation;
  if (f === "write") return input;
  if (f === "read") return text(output) === text(state) ? state : undefined;
  const [from = null, to = null] = list(input);
  const swaps = text(from) === text(state);
  const said = outcome === "ok" && output !== false;
  return unanswered(operation) || said === swaps ? (swaps ? to : state) : undefined;
};

const REPLAYS: Readonly<Record<LinearizableObject["name"], Replay>> = {
  register,
  "cas-register": register,
  mutex: (held, operation) => {
    const acquires = operation.f === "acquire";
    if (held !== acquires) return acquires;
    return unanswered(operation) ? held : undefined;
  },
  "multi-register": (state, operation) => {
    const { input, output, outcome } = operation;
    const next: Record<string, Value> = { ...(state as { readonly [key: string]: Value }) };
    for (const step of list(outcome === "ok" ? (output ?? input) : input)) {
      const [f, key, value = null] = list(step);
      const name = wordOf(key ?? null);
      if (f === "write" || f === "w") next[name] = value;
      else if (outcome === "ok" && value !== null && text(next[name] ?? null) !== text(value))
        return undefined;
    }
    return next;
  },
  "fifo-queue": (state, operation) => {
    const { f, input, output } = operation;
    const [oldest, ...rest] = list(state);
    if (f === "enqueue") return [...list(state), input];
    if (unanswered(operation)) return rest;
    if (oldest === undefined) return output === null ? [] : undefined;
    return text(oldest) === text(output) ? rest : undefined;
  },
  set: (state, { f, input, output }) => {
    const without = list(state).filter((element) => text(element) !== text(input));
    if (f === "add") return [...without, input];
    if (f === "remove") return without;
    const holds = without.length < list(state).length;
    if (f === "contains") return holds === (output === true) ? state : undefined;
    const sorted = (elements: readonly Value[]): string => elements.map(text).sort().join();
    return sorted(list(state)) === sorted(list(output)) ? state : undefined;
  },
  "kv-string": (state, { f, input, output }) => {
    if (f === "put") return input ?? "";
    if (f === "append") return wordOf(state) + wordOf(input ?? "");
    return (output ?? "") === state ? state : undefined;
  },
};
