/** Fails loudly where a named event does not come in time: no test waits without an end. */
export function within<T>(millis: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what}: not within ${millis} ms`)), millis);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Asks until the answer is not null; each question has its own end, and there is a pause between two. */
export async function eventually<T>(
  millis: number,
  what: string,
  ask: () => Promise<T | null>,
): Promise<T> {
  const until = performance.now() + millis;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > until) throw new Error(`${what}: not within ${millis} ms`);
    await pause(20);
  }
}

/** For faults that are a length of time themselves, such as a process that stands still for ten seconds. */
export const pause = (millis: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, millis));
