const leftovers = new Set<() => void>();

/**
 * What must be gone when this process is, however it ends: a benchmark that fails or is interrupted leaves no server and no
 * data behind. `undo` is synchronous. The answer is called where it was taken away in good order.
 */
export function atTheEnd(undo: () => void): () => void {
  leftovers.add(undo);
  return () => leftovers.delete(undo);
}

process.once("exit", () => {
  // Last first: processes before the directories in which they write.
  for (const undo of [...leftovers].reverse()) undo();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => process.exit(1));
