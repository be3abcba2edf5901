import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CertOutput, CertShowOutput } from "../../src/cli/outputs.ts";
import { authorities } from "./authorities.ts";
import { run } from "./run.ts";

let root: string;
const path = (...names: string[]): string => join(root, ...names);
const read = (...names: string[]): string => readFileSync(path(...names), "utf8");
const certificate = (...names: string[]): X509Certificate => new X509Certificate(read(...names));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quorate-certs-"));
});
afterEach(() => rmSync(root, { recursive: true }));

async function made(...args: string[]): Promise<typeof CertOutput._output> {
  const { exit, out, err } = await run(["certs", ...args, "--json"]);
  expect({ exit, err }).toEqual({ exit: 0, err: "" });
  return CertOutput.parse(JSON.parse(out));
}

const makeCa = (...more: string[]) => made("ca", "--out", path("ca"), ...more);
const makeNode = (hosts: string, ...more: string[]) =>
  made("node", "n1", "--ca", path("ca"), "--hosts", hosts, "--out", path("n1"), ...more);
const makeClient = (...more: string[]) =>
  made("client", "app", "--ca", path("ca"), "--out", path("app"), ...more);

const daysOf = ({ validFrom, validTo }: X509Certificate): number =>
  Math.round((Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000);

describe("what is made", () => {
  it("an authority of P-256 for ten years, that may sign certificates", async () => {
    expect(await makeCa()).toEqual({ cert: path("ca/ca.crt"), key: path("ca/ca.key"), flags: [] });
    const ca = certificate("ca/ca.crt");
    expect(ca.ca).toBe(true);
    expect(ca.subject).toBe("CN=Quorate CA");
    expect(ca.checkIssued(ca)).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(daysOf(ca)).toBe(3650);
  });

  it("a node's, for servers and clients, under all its names, for a year", async () => {
    await makeCa();
    const { flags } = await makeNode("n1.example,*.svc.example,10.0.0.1,::1,[fd00::2]");
    const node = certificate("n1/n1.crt");
    expect(node.verify(certificate("ca/ca.crt").publicKey)).toBe(true);
    expect(node.ca).toBe(false);
    expect(node.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    for (const host of ["n1.example", "any.svc.example"])
      expect(node.checkHost(host)).toBeDefined();
    for (const ip of ["10.0.0.1", "::1", "fd00::2"]) expect(node.checkIP(ip)).toBeDefined();
    expect(node.checkIP("10.0.0.2")).toBeUndefined();
    expect(daysOf(node)).toBe(365);
    expect(node.checkPrivateKey(createPrivateKey(read("n1/n1.key")))).toBe(true);
    expect(flags).toContain("--peer-trusted-ca-file");
    expect(flags).toContain(path("n1/n1.crt"));
  });

  it("a client's, for clients alone", async () => {
    await makeCa();
    const { flags } = await makeClient("--days", "7");
    const client = certificate("app/app.crt");
    expect(client.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(client.subjectAltName).toBeUndefined();
    expect(daysOf(client)).toBe(7);
    const cacert = ["--cacert", path("ca/ca.crt")];
    expect(flags).toEqual([...cacert, "--cert", path("app/app.crt"), "--key", path("app/app.key")]);
  });

  it("keys that nobody else may read", async () => {
    await makeCa();
    await makeClient();
    for (const key of ["ca/ca.key", "app/app.key"])
      expect(statSync(path(key)).mode & 0o777).toBe(0o600);
  });

  it("a chain where the authority is one of another: TLS is spoken with the root alone", async () => {
    const { root: company, middle } = await authorities();
    mkdirSync(path("ca"));
    writeFileSync(path("ca/ca.crt"), middle.cert + company);
    writeFileSync(path("ca/ca.key"), middle.key);
    await makeNode("127.0.0.1");
    expect(read("n1/n1.crt").match(/BEGIN/g)).toHaveLength(2);
    const server = createServer({ cert: read("n1/n1.crt"), key: read("n1/n1.key") });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const socket: TLSSocket = connect({ host: "127.0.0.1", port, ca: company });
    await once(socket, "secureConnect");
    expect(socket.authorized).toBe(true);
    socket.destroy();
    server.close();
  });
});

describe("what is refused", () => {
  it("to overwrite anything", async () => {
    await makeCa();
    const before = read("ca/ca.key");
    const { exit, err } = await run(["certs", "ca", "--out", path("ca")]);
    expect({ exit, out: err }).toMatchObject({ exit: 1 });
    expect(err).toContain(`${path("ca/ca.crt")} exists and is not overwritten`);
    rmSync(path("ca/ca.crt"));
    expect((await run(["certs", "ca", "--out", path("ca")])).err).toContain(path("ca/ca.key"));
    expect(read("ca/ca.key")).toBe(before);
  });

  it("a certificate that outlives its authority", async () => {
    await makeCa("--days", "30");
    const args = ["certs", "client", "app", "--ca", path("ca"), "--out", path("app")];
    const { exit, err } = await run(args);
    expect(err).toContain("--days 365 is too long: the authority itself is valid only until");
    expect(exit).toBe(2);
    expect(await run([...args, "--days", "29"])).toMatchObject({ exit: 0 });
  });

  it("an authority that is not there, or none", async () => {
    const args = ["certs", "client", "app", "--ca", path("ca"), "--out", path("app")];
    expect(await run(args)).toMatchObject({ exit: 1, err: expect.stringContaining("ca.crt") });
    await makeCa();
    writeFileSync(path("ca/ca.key"), "no key");
    expect((await run(args)).err).toContain("cannot be used");
  });

  it.each([
    [["ca"], "--out"],
    [["node", "n1", "--ca", "x", "--out", "x"], "--hosts"],
    [["node", "../n1", "--ca", "x", "--out", "x", "--hosts", "h"], "it must be letters, digits"],
    [["client", "ca", "--ca", "x", "--out", "x"], 'not "ca"'],
    [["node", "n1", "--ca", "x", "--out", "x", "--hosts", "a b"], "is no host name"],
    [["node", "n1", "--ca", "x", "--out", "x", "--hosts", "h,"], "is no host name"],
    [["ca", "--out", "x", "--days", "0"], "from 1 to 36500"],
  ])("%j: exit 2", async (args, hint) => {
    const { exit, err } = await run(["certs", ...args]);
    expect(err).toContain(hint);
    expect(exit).toBe(2);
  });
});

describe("certs show", () => {
  it("tells who, by whom, for what and until when", async () => {
    await makeCa();
    await makeNode("h.example,127.0.0.1");
    const { out } = await run(["certs", "show", path("n1/n1.crt"), "--json"]);
    const [shown] = CertShowOutput.parse(JSON.parse(out)).certificates;
    expect(shown).toMatchObject({
      subject: "CN=n1",
      issuer: "CN=Quorate CA",
      hosts: ["DNS:h.example", "IP Address:127.0.0.1"],
      authority: false,
      uses: ["server", "client"],
    });
    const { out: text } = await run(["certs", "show", path("n1/n1.crt")]);
    expect(text).toContain("hosts    DNS:h.example, IP Address:127.0.0.1\n");
  });

  it("tells every certificate of a bundle", async () => {
    await makeCa();
    writeFileSync(path("both"), read("ca/ca.crt").repeat(2));
    const { out } = await run(["certs", "show", path("both"), "--json"]);
    expect(CertShowOutput.parse(JSON.parse(out)).certificates).toHaveLength(2);
  });

  it("refuses what is none", async () => {
    writeFileSync(path("text"), "hello");
    expect(await run(["certs", "show", path("text")])).toMatchObject({ exit: 1 });
    expect(await run(["certs", "show", path("nowhere")])).toMatchObject({ exit: 1 });
  });
});
