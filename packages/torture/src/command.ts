import { execFile, execFileSync } from "node:child_process";

/** No tool that we call needs longer; one that hangs must not hang the run. */
const TOOL_MILLIS = 10_000;

/** Runs a tool of the system to its end; rejects with what it said. */
export function tool(command: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { timeout: TOOL_MILLIS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ")}: ${stderr.trim() || error.message}`));
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** The same at once, for laying out and taking away. */
export function toolNow(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe", timeout: TOOL_MILLIS });
}

/** Why the tool cannot do this here; null where it could. */
export function failureOf(attempt: () => void): string | null {
  try {
    attempt();
    return null;
  } catch (error) {
    const { stderr, message } = error as { readonly stderr?: Buffer; readonly message: string };
    return (
      String(stderr ?? "")
        .trim()
        .split("\n")[0] || message
    );
  }
}
