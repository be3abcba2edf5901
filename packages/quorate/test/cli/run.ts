import { runCommand } from "../../src/cli/program.ts";

/** One command line, run in this process; what it printed and how it ended. */
export async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  stdin = "",
  interrupted = new AbortController().signal,
): Promise<{ readonly exit: number; readonly out: string; readonly err: string }> {
  let out = "";
  let err = "";
  const exit = await runCommand(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    environment,
    stdin: () => Promise.resolve(stdin),
    onHangup: () => {},
    interrupted,
  });
  return { exit, out, err };
}
