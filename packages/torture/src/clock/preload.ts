import { readFileSync } from "node:fs";

/**
 * Loaded into a server before its own code: moves its wall clock, which the server's clock port reads from `Date.now`, by what the
 * file behind `?offset=` says, in milliseconds. The monotonic clock stays: leases are promised under clocks that run evenly.
 */
const LOOK_MILLIS = 50;

const file = new URL(import.meta.url).searchParams.get("offset") ?? "";
const honest = Date.now.bind(Date);
const clock = { offset: 0 };
Date.now = () => honest() + clock.offset;

setInterval(() => {
  const offset = offsetNow();
  if (offset === clock.offset) return;
  clock.offset = offset;
  process.stderr.write(`wall clock off by ${offset} ms\n`);
}, LOOK_MILLIS).unref();

/** Nobody has set it where there is no file. */
function offsetNow(): number {
  try {
    return Number(readFileSync(file, "utf8")) || 0;
  } catch {
    return 0;
  }
}
