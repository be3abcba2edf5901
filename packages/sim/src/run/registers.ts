import type { History, Operation } from "@quorate/verify";

/**
 * The history in reads and writes of registers, which is all that the models weaker than linearizability speak of. A
 * comparison that held is a read of what it compared with and then a write; what one that did not hold saw is another
 * value than it asked for, which no read can say. So each of these models, where it breaks here, is broken indeed.
 */
export function registersOf(history: History): History {
  return history.flatMap(partsOf).map((operation, index) => ({ ...operation, index }));
}

function partsOf(operation: Operation): readonly Operation[] {
  const { f, input, output, outcome } = operation;
  if (f !== "cas") return [operation];
  const [from = null, to = null] = Array.isArray(input) ? input : [];
  const write: Operation = { ...operation, f: "write", input: to, output: null };
  if (outcome === "unknown") return [write];
  if (outcome !== "ok" || output !== true) return [];
  return [{ ...operation, f: "read", input: null, output: from }, write];
}

/** Did it certainly, or perhaps, set its key? */
export const sets = ({ f, output, outcome }: Operation): boolean =>
  outcome !== "failed" && (f === "write" || (f === "cas" && output !== false));
