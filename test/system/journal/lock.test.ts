import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { DirectoryInUse, lockDirectory } from "../../../packages/server/src/host/lock.ts";

const lockFile = new URL("../../../packages/server/src/host/lock.ts", import.meta.url).href;
const holder = (directory: string): string =>
  `const { lockDirectory } = await import(${JSON.stringify(lockFile)});
   await lockDirectory(${JSON.stringify(directory)});
   process.stdout.write("held\\n");
   setInterval(() => {}, 1000);`;

test("a data directory held by another process is refused by its name, and free as soon as that is killed", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "quorate-lock-"));
  const args = ["--experimental-strip-types", "--input-type=module", "-e", holder(directory)];
  const other = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(other.stdout, "data");
    const refused = lockDirectory(directory);
    await expect(refused).rejects.toThrow(DirectoryInUse);
    await expect(refused).rejects.toThrow(`process ${other.pid}`);
  } finally {
    other.kill("SIGKILL");
    await once(other, "exit");
  }
  const lock = await lockDirectory(directory);
  await lock.release();
  rmSync(directory, { recursive: true });
});
