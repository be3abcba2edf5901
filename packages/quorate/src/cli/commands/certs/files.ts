import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandFailed, Exit } from "../../exit.ts";
import type { Issued } from "./authority.ts";

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export const pairIn = (directory: string, name: string): Pair => ({
  cert: join(directory, `${name}.crt`),
  key: join(directory, `${name}.key`),
});

/** The one name an authority has in its directory. */
export const AUTHORITY = "ca";

/** Throws `CommandFailed` where one of them is there: a key that is overwritten is gone. */
export function refuseToOverwrite(pair: Pair): void {
  const found = [pair.cert, pair.key].find((path) => existsSync(path));
  if (found === undefined) return;
  throw new CommandFailed(
    Exit.failed,
    `${found} exists and is not overwritten: choose another --out, or take it away first`,
  );
}

/** The key first: who finds the certificate finds its key. Throws `CommandFailed`. */
export function write(directory: string, pair: Pair, issued: Issued): void {
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(pair.key, issued.key, { mode: 0o600, flag: "wx" });
    writeFileSync(pair.cert, issued.cert, { mode: 0o644, flag: "wx" });
  } catch (error) {
    throw new CommandFailed(Exit.failed, `cannot write: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Throws `CommandFailed`. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandFailed(Exit.failed, `cannot read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
