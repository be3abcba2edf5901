import { text } from "node:stream/consumers";
import { runCommand } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The command as a process. The first Ctrl-C or SIGTERM asks it to end, the second ends it at once. Whoever started
 * it with a channel asks by closing that, or by dying.
 */
export async function runProcess(): Promise<void> {
  const interruption = new AbortController();
  let interruptedAt = 0;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      const since = performance.now() - interruptedAt;
      if (interruption.signal.aborted && since > SAME_SIGNAL_MILLIS) process.exit(SIGNALLED);
      if (!interruption.signal.aborted) interruptedAt = performance.now();
      interruption.abort();
    });
  }
  if (process.connected) {
    process.once("disconnect", () => interruption.abort());
    process.channel?.unref();
  }
  // A reader that went away, as `head` does, is no error of ours.
  process.stdout.on("error", () => process.exit(0));
  const terminal: Terminal = {
    out: (data) => void process.stdout.write(data),
    err: (data) => void process.stderr.write(data),
    environment: process.env,
    stdin: () => text(process.stdin),
    onHangup: (act) => void process.on("SIGHUP", act),
    interrupted: interruption.signal,
  };
  process.exitCode = await runCommand(process.argv.slice(2), terminal);
}

/** What shells report for a process that SIGINT ended. */
const SIGNALLED = 130;
/** npx hands on the Ctrl-C that the terminal has sent as well: two signals as close as this are one. */
const SAME_SIGNAL_MILLIS = 200;
