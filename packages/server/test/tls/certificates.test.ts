import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authority, type Certified } from "../../../http2/test/host/certificate.ts";
import type { Log } from "../../src/host/index.ts";
import { Certificates, isCertifiedFor, type TlsFiles } from "../../src/tls/index.ts";

const ours = authority("ours");
const [first, second] = [ours.issue("first"), ours.issue("second")];

let directory: string;
let files: TlsFiles;
let opened: Certificates | null;
const said: string[] = [];
const log: Log = {
  info: (_, text) => void said.push(text),
  warn: (_, text) => void said.push(text),
  error: (fields, text) => void said.push(`${text} ${JSON.stringify(fields)}`),
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "quorate-tls-"));
  const path = (name: string): string => join(directory, name);
  files = { cert: path("n.crt"), key: path("n.key"), ca: path("ca.crt") };
  place(first);
  writeFileSync(files.ca ?? "", ours.cert);
  said.length = 0;
  opened = null;
});
afterEach(() => {
  opened?.close();
  rmSync(directory, { recursive: true });
});

function place({ cert, key }: Certified): void {
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
}

async function open(audience: "clients" | "peers" = "clients"): Promise<Certificates> {
  opened = await Certificates.open(audience, files, log);
  return opened;
}

describe("files that cannot be used stop the start, with setting and file named", () => {
  it.each([
    [
      "a certificate that is not there",
      "cert",
      null,
      /^cert-file .*n\.crt cannot be read: there is no such file$/,
    ],
    [
      "a key that is not there",
      "key",
      null,
      /^key-file .*n\.key cannot be read: there is no such file$/,
    ],
    ["an authority that is not there", "ca", null, /^trusted-ca-file .*ca\.crt cannot be read/],
    ["a certificate that is none", "cert", "hello", /^cert-file .* holds no certificate in PEM/],
    [
      "a damaged certificate",
      "cert",
      first.cert.replace(/\n..../, "\nAAAA"),
      /holds a damaged certificate/,
    ],
    ["a key that is none", "key", first.cert, /^key-file .* holds no key in PEM$/],
    [
      "an encrypted key",
      "key",
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
      /is encrypted: store it without a passphrase/,
    ],
    [
      "the key of another certificate",
      "key",
      second.key,
      /^key-file .* is not the key of the certificate in cert-file .*: give the two/,
    ],
    ["authorities that are none", "ca", "\n", /^trusted-ca-file .* holds no certificate/],
  ] as const)("%s", async (_, part, text, want) => {
    const path = files[part] ?? "";
    if (text === null) rmSync(path);
    else writeFileSync(path, text);
    await expect(open()).rejects.toThrow(want);
    await expect(open()).rejects.toMatchObject({ name: "CertificateUnusable" });
  });

  it("the settings of peers are named by their own names", async () => {
    rmSync(files.cert);
    await expect(open("peers")).rejects.toThrow(/^peer-cert-file /);
  });

  it("a directory, and a file far too large", async () => {
    files = { ...files, cert: directory };
    await expect(open()).rejects.toThrow(/it is a directory/);
    files = { ...files, cert: join(directory, "large") };
    writeFileSync(files.cert, Buffer.alloc(4 * 1024 * 1024 + 1));
    await expect(open()).rejects.toThrow(/is larger than any file of certificates/);
  });
});

describe("certificates that can be used", () => {
  it("warn where they have expired, and where their time has not come", async () => {
    place(ours.issue("late", { to: "20210101000000Z" }));
    await open();
    expect(said.join()).toMatch(/cert-file \(CN=late\) expired on Jan {2}1 00:00:00 2021 GMT/);
    place(ours.issue("early", { from: "20900101000000Z" }));
    await open();
    expect(said.join()).toContain("is valid only from Jan  1 00:00:00 2090 GMT");
  });

  it("say which hosts they name", async () => {
    const { current } = await open();
    expect(
      ["localhost", "127.0.0.1", "127.0.0.2", "other"].map((h) => isCertifiedFor(current, h)),
    ).toEqual([true, true, false, false]);
  });
});

describe("a look at the files", () => {
  it("takes new ones and tells whoever uses them, once", async () => {
    const certificates = await open();
    const told: string[] = [];
    certificates.onChange(({ cert }) => told.push(cert));
    place(second);
    await certificates.look();
    await certificates.look();
    expect(certificates.current.cert).toBe(second.cert);
    expect(told).toEqual([second.cert]);
    expect(said).toEqual(["new certificates are in use"]);
  });

  it("keeps the old pair while only half of the new one is there, says so once, and then takes it", async () => {
    const certificates = await open();
    writeFileSync(files.cert, second.cert);
    await certificates.look();
    await certificates.look();
    expect(certificates.current).toMatchObject(first);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/the old ones stay in use .*is not the key of the certificate/);
    writeFileSync(files.key, second.key);
    await certificates.look();
    expect(certificates.current).toMatchObject(second);
  });

  it("keeps the old ones where a file is broken or gone", async () => {
    const certificates = await open();
    writeFileSync(files.cert, "broken");
    await certificates.look();
    rmSync(files.key);
    await certificates.look();
    expect(certificates.current).toMatchObject(first);
    expect(said).toHaveLength(2);
    place(second);
    await certificates.look();
    expect(certificates.current).toMatchObject(second);
  });

  it("tries again what could not be taken, though its times and size have not changed", async () => {
    const certificates = await open();
    const time = new Date(1_700_000_000_000);
    writeFileSync(files.cert, "x".repeat(second.cert.length));
    writeFileSync(files.key, second.key);
    utimesSync(files.cert, time, time);
    await certificates.look();
    expect(said).toHaveLength(1);
    writeFileSync(files.cert, second.cert);
    utimesSync(files.cert, time, time);
    await certificates.look();
    expect(certificates.current).toMatchObject(second);
  });

  it("does not read what looks the same; a reload does", async () => {
    const certificates = await open();
    const [time, size] = [new Date(1_700_000_000_000), first.cert.length];
    for (const path of [files.cert, files.key]) utimesSync(path, time, time);
    await certificates.look();
    let other = ours.issue("other");
    while (other.cert.length !== size || other.key.length !== first.key.length)
      other = ours.issue("other");
    place(other);
    for (const path of [files.cert, files.key]) utimesSync(path, time, time);
    await certificates.look();
    expect(certificates.current).toMatchObject(first);
    await certificates.reload();
    expect(certificates.current).toMatchObject(other);
  });

  it("takes new authorities too", async () => {
    const certificates = await open("peers");
    const both = ours.cert + authority("theirs").cert;
    writeFileSync(files.ca ?? "", both);
    await certificates.look();
    expect(certificates.current.ca).toBe(both);
  });
});
