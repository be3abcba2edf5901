import type { Operation, Value } from "../history/index.ts";
import { REFUSED, type SequentialObject, usualRole } from "./sequential-object.ts";
import { textOf } from "./value.ts";

/** Elements as texts, sorted. */
type Elements = readonly string[];

/** `add v`, `remove v`; `contains v` answers true or false, `read` all elements in any order. */
export function setObject(): SequentialObject<Elements> {
  return {
    name: "set",
    initial: [],
    keyed: true,
    role: (operation) =>
      observes(operation) && operation.outcome !== "ok" ? "nothing" : usualRole(operation),
    step: stepSet,
    observes,
    foresight: {
      resets: ({ f }) => f === "remove",
      leadsTo: (state, { f, input, output }) => {
        if (f === "contains") return output === true || !state.includes(textOf(input));
        const read = new Set(Array.isArray(output) ? output.map(textOf) : []);
        return state.every((element) => read.has(element));
      },
    },
    identify: (state) => state.join("\n"),
    leaveOut: (operations) => operations.filter(observes).map((operation) => [operation]),
  };
}

const observes = ({ f }: Operation): boolean => f === "read" || f === "contains";

function stepSet(state: Elements, { f, input, output }: Operation): Elements | typeof REFUSED {
  const element = textOf(input);
  switch (f) {
    case "add":
      return state.includes(element) ? state : [...state, element].sort();
    case "remove":
      return state.includes(element) ? state.filter((other) => other !== element) : state;
    case "contains":
      return state.includes(element) === (output === true) ? state : REFUSED;
    case "read":
      return sameElements(state, output) ? state : REFUSED;
    default:
      return REFUSED;
  }
}

function sameElements(state: Elements, output: Value): boolean {
  const read = Array.isArray(output) ? output.map(textOf).sort() : [];
  return read.length === state.length && read.every((element, i) => element === state[i]);
}
