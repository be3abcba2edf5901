import type { History, Operation, Value } from "./history/index.ts";
import type { Model } from "./models.ts";

/**
 * Why this history is not one that the model speaks of, or null. Of operations that it does not know a model can say neither that it
 * holds nor that it does not: a file checked against the wrong model would else look like a finding, or like a proof.
 */
export function strangeTo(model: Model, history: History): string | null {
  const words = wordsOf(model);
  if (words === null) return null;
  const speaks = (operation: Operation): boolean =>
    words === "steps" ? hasSteps(operation) : words.includes(operation.f);
  const told = words === "steps" ? "lists of steps" : words.join(", ");
  const stranger = history.find((operation) => counts(operation) && !speaks(operation));
  // An object has no answer to what it does not know; a workload passes over it.
  if (model.type === "linearizable" && stranger !== undefined)
    return `operation ${stranger.index} is ${stranger.f}, and ${model.object.name} knows ${told}`;
  if (history.length === 0 || history.some(speaks)) return null;
  return `of its operations ${model.type} knows none: it knows ${told}`;
}

/** The operations that a model looks at, by name; those whose values are lists of steps; null where its checker sees to that. */
function wordsOf(model: Model): readonly string[] | "steps" | null {
  switch (model.type) {
    case "linearizable":
      return WORDS_OF_OBJECTS[model.object.name];
    case "bank":
      return ["read", "transfer"];
    case "bounded-staleness":
      return ["read", "write"];
    case "counter":
      return ["read", "add", "inc"];
    case "set":
    case "set-full":
      return ["add", "read"];
    case "comments":
      return ["write", "read"];
    case "fencing":
      return ["acquire", "use"];
    case "leases":
      return ["grant", "renew", "revoke", "alive"];
    case "watch":
      return ["put", "delete", "watch"];
    case "revisions":
      return ["put", "delete", "get", "cas"];
    case "long-fork":
      return "steps";
    default:
      return null;
  }
}

const WORDS_OF_OBJECTS = {
  register: ["read", "write", "cas"],
  "cas-register": ["read", "write", "cas"],
  "multi-register": "steps",
  mutex: ["acquire", "release"],
  "fifo-queue": ["enqueue", "dequeue"],
  set: ["add", "remove", "contains", "read"],
  "kv-string": ["get", "put", "append"],
} as const;

/** It happened for certain. */
const counts = ({ outcome }: Operation): boolean => outcome === "ok";

const hasSteps = ({ input, output }: Operation): boolean => isSteps(input) || isSteps(output);

/** An empty list is a transaction that does nothing. */
const isSteps = (value: Value): boolean =>
  Array.isArray(value) && value.every((step: Value) => Array.isArray(step));
