import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./run.ts";

let root: string;
let secure: https.Server;
let plain: http.Server;
let port: number;
let flags: readonly string[];

const answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
  request.resume();
  response.end(JSON.stringify({ header: { revision: "7" } }));
};
const path = (name: string): string => join(root, name);
const put = (...more: readonly string[]) => ["put", "k", "v", ...more];
const at = (endpoint: string): readonly string[] => ["--endpoints", endpoint];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "quorate-client-tls-"));
  for (const ca of ["ca", "other"]) await run(["certs", "ca", "--out", path(ca)]);
  const node = ["node", "n", "--ca", path("ca"), "--hosts", "127.0.0.1", "--out", path("n")];
  await run(["certs", ...node]);
  for (const ca of ["ca", "other"])
    await run(["certs", "client", `of-${ca}`, "--ca", path(ca), "--out", path("clients")]);
  const read = (name: string): string => readFileSync(path(name), "utf8");
  const certificates = { cert: read("n/n.crt"), key: read("n/n.key"), ca: read("ca/ca.crt") };
  secure = https.createServer({ ...certificates, requestCert: true }, answer);
  plain = http.createServer(answer);
  for (const server of [secure, plain]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  port = (secure.address() as AddressInfo).port;
  flags = shown("of-ca");
});
afterAll(() => {
  secure.close();
  plain.close();
  rmSync(root, { recursive: true });
});

function shown(name: string): readonly string[] {
  const cacert = ["--cacert", path("ca/ca.crt")];
  return [...cacert, "--cert", path(`clients/${name}.crt`), "--key", path(`clients/${name}.key`)];
}

describe("a client with certificates", () => {
  it.each(["", "https://"])("is served at %s127.0.0.1", async (scheme) => {
    const { exit, out, err } = await run(put(...at(`${scheme}127.0.0.1:${port}`), ...flags));
    expect({ exit, out, err }).toEqual({ exit: 0, out: "revision 7\n", err: "" });
  });

  it("takes them from the environment, where a flag does not say otherwise", async () => {
    const environment = {
      QUORATE_ENDPOINTS: `https://127.0.0.1:${port}`,
      QUORATE_CACERT: path("ca/ca.crt"),
      QUORATE_CERT: path("clients/of-ca.crt"),
      QUORATE_KEY: path("clients/of-ca.key"),
    };
    expect(await run(put(), environment)).toMatchObject({ exit: 0 });
    const wrong = await run(put("--cacert", path("other/ca.crt")), environment);
    expect(wrong.exit).toBe(1);
  });

  it("does not take a server's certificate that it cannot check, unless it was told to", async () => {
    const unchecked = flags.slice(2);
    const endpoint = at(`https://127.0.0.1:${port}`);
    const { exit, err } = await run(put(...endpoint, ...unchecked));
    expect(err).toContain("of no authority that is trusted");
    expect(exit).toBe(1);
    const skipping = [...endpoint, ...unchecked, "--insecure-skip-tls-verify"];
    expect(await run(put(...skipping))).toMatchObject({ exit: 0 });
    const environment = { QUORATE_INSECURE_SKIP_TLS_VERIFY: "true" };
    expect(await run(put(...endpoint, ...unchecked), environment)).toMatchObject({ exit: 0 });
  });

  it("does not take a certificate for another host", async () => {
    const { exit, err } = await run(put(...at(`https://localhost:${port}`), ...flags));
    expect(err).toContain("does not match certificate");
    expect(exit).toBe(1);
  });

  it("hears plainly that it has to show one: a write was certainly not done", async () => {
    const { exit, err } = await run(put(...at(`https://127.0.0.1:${port}`), ...flags.slice(0, 2)));
    expect(err).toContain("it asks for a certificate: give --cert and --key");
    expect(exit).toBe(1);
  });

  it("hears plainly that the port speaks no TLS", async () => {
    const { port: other } = plain.address() as AddressInfo;
    const { exit, err } = await run(put(...at(`https://127.0.0.1:${other}`), ...flags));
    expect(err).toContain("it does not speak TLS");
    expect(exit).toBe(1);
  });
});

describe("what is refused before anything is asked", () => {
  it.each([
    [["--cert", "x"], {}, "--cert needs --key too", 2],
    [["--key", "x"], {}, "--key needs --cert too", 2],
    [["--cacert", "/nowhere"], {}, "--cacert /nowhere cannot be read", 1],
    [[], { QUORATE_INSECURE_SKIP_TLS_VERIFY: "maybe" }, "must be true or false", 2],
  ])("%j with %j", async (more, environment, hint, exit) => {
    const ended = await run(put(...more), environment as Record<string, string>);
    expect(ended.err).toContain(hint);
    expect(ended.exit).toBe(exit);
  });

  it("http:// together with certificates: nothing leaves in plain text that was to be secret", async () => {
    const { port: other } = plain.address() as AddressInfo;
    const { exit, err } = await run(put(...at(`http://127.0.0.1:${other}`), ...flags));
    expect(err).toContain("write https://");
    expect(exit).toBe(2);
  });
});
