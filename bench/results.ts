import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";

/** What the figures depend on beside the code. */
export interface Environment {
  readonly node: string;
  /** Null where there is none on this machine. */
  readonly etcd: string | null;
  readonly h2load: string | null;
  readonly quorate: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
}

interface Stored {
  readonly environment: Environment;
  readonly at: string;
  readonly figures: readonly unknown[];
  readonly data: unknown;
}

const FOLDER = join(import.meta.dirname, "results");
const FILE = join(FOLDER, "latest.json");

export function environment(): Environment {
  return {
    node: process.version,
    etcd: firstLineOf("etcd", "--version"),
    h2load: firstLineOf("h2load", "--version"),
    quorate: firstLineOf("git", "-C", import.meta.dirname, "describe", "--always", "--dirty") ?? "",
    system: `${process.platform} ${release()}`,
    cpu: cpus()[0]?.model ?? "",
    cores: cpus().length,
  };
}

/** Keeps the other rows' last results, each with the environment and the day of its own. */
export function store(row: string, result: Stored): void {
  mkdirSync(FOLDER, { recursive: true });
  const rows = { ...stored(), [row]: result };
  // Under another name first: an interrupted run leaves the earlier results whole.
  writeFileSync(`${FILE}.new`, `${JSON.stringify({ rows }, null, 2)}\n`);
  renameSync(`${FILE}.new`, FILE);
}

function stored(): Readonly<Record<string, Stored>> {
  let text: string;
  try {
    text = readFileSync(FILE, "utf8");
  } catch {
    return {};
  }
  return (JSON.parse(text) as { rows?: Record<string, Stored> }).rows ?? {};
}

function firstLineOf(command: string, ...args: readonly string[]): string | null {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? (stdout.split("\n")[0] ?? "") : null;
}
