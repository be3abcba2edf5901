import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atTheEnd } from "../leftovers.ts";
import type { Place } from "./cluster.ts";
import { run } from "./processes.ts";

/** Certificates of one authority for all members of all clusters. */
export interface Certificates {
  /** The authority's, as PEM. */
  readonly ca: string;
  of(name: string): Place["tls"];
}

const PROGRAM = join(import.meta.dirname, "../../packages/quorate/bin/quorate.cjs");
const WAIT_MILLIS = 30_000;

/** Made by `quorate certs`, as anybody would; they go with this process. */
export async function makeCertificates(names: readonly string[]): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), "bench-certs-"));
  atTheEnd(() => rmSync(folder, { recursive: true, force: true }));
  const certs = (...args: readonly string[]): Promise<string> =>
    run(process.execPath, [PROGRAM, "certs", ...args], WAIT_MILLIS);
  const authority = join(folder, "ca");
  await certs("ca", "--out", authority);
  for (const name of names)
    await certs("node", name, "--ca", authority, "--hosts", "127.0.0.1", "--out", folder);
  const ca = join(authority, "ca.crt");
  return {
    ca: readFileSync(ca, "utf8"),
    of: (name) => ({ cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`), ca }),
  };
}
