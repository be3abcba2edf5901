/** Resolves after so long, or at once when the signal comes. It never rejects: who waits looks what has become of the world. */
export function lasting(millis: number, until: AbortSignal): Promise<void> {
  if (until.aborted || millis <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      until.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, millis);
    until.addEventListener("abort", end);
  });
}

/** How often a question is asked again. */
const AGAIN_MILLIS = 50;

/** Asks until the answer is not null, at most so long; then, or when the signal comes, null. */
export async function eventually<T>(
  millis: number,
  until: AbortSignal,
  ask: () => Promise<T | null>,
): Promise<T | null> {
  const deadline = performance.now() + millis;
  for (;;) {
    const answer = await ask();
    if (answer !== null || until.aborted || performance.now() > deadline) return answer;
    await lasting(AGAIN_MILLIS, until);
  }
}
