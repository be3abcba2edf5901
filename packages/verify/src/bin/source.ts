import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Source } from "../readers/index.ts";

/** Files of one history: the file, or those of the directory in the order of their names. `FILE#ID` reads FILE. */
export function readSource(path: string): Source {
  const file =
    statSync(path, { throwIfNoEntry: false }) === undefined ? path.replace(/#[^#/]*$/, "") : path;
  if (!statSync(file).isDirectory()) {
    return { name: path, files: [{ name: file, bytes: readFileSync(file) }] };
  }
  const names = readdirSync(file, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort(byNumber);
  return {
    name: path,
    files: names.map((name) => ({ name, bytes: readFileSync(join(file, name)) })),
  };
}

/** T2 before T10. */
function byNumber(a: string, b: string): number {
  return Number(a.match(/\d+/)?.[0] ?? 0) - Number(b.match(/\d+/)?.[0] ?? 0) || (a < b ? -1 : 1);
}
