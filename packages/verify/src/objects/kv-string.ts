import { type Operation, type Value, wordOf } from "../history/index.ts";
import { REFUSED, type SequentialObject, usualRole } from "./sequential-object.ts";

/** One key of a store of strings: `get` answers the whole, `put` replaces it, `append` adds at its end. */
export function kvString(initial = ""): SequentialObject<string> {
  return {
    name: "kv-string",
    initial,
    keyed: true,
    role: (operation) =>
      operation.f === "get" && operation.outcome !== "ok" ? "nothing" : usualRole(operation),
    step: stepString,
    observes: ({ f }) => f === "get",
    foresight: {
      resets: ({ f }) => f === "put",
      leadsTo: (state, { output }) => string(output).startsWith(state),
    },
    identify: (state) => state,
    leaveOut: (operations) =>
      operations.filter(({ f }) => f === "get").map((operation) => [operation]),
  };
}

function stepString(state: string, { f, input, output }: Operation): string | typeof REFUSED {
  switch (f) {
    case "get":
      return string(output) === state ? state : REFUSED;
    case "put":
      return string(input);
    case "append":
      return state + string(input);
    default:
      return REFUSED;
  }
}

const string = (value: Value): string => (value === null ? "" : wordOf(value));
