// `npm start`: options that cannot be used are refused before the build, which takes its time.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ownOptions } from "./launcher/options.ts";

const ROOT = join(import.meta.dirname, "..");
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

ownOptions();
const { status } = spawnSync(process.execPath, [TSC, "-b"], { cwd: ROOT, stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
await import("./start.ts");
