import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { createSecureContext } from "node:tls";
import { codeOf } from "../journal/index.ts";

/** Whom a port is for: their settings have names of their own. */
export type Audience = "clients" | "peers";

/** Where the PEM files of one port lie. */
export interface TlsFiles {
  /** The certificate, and behind it those between it and the authority, if there are any. */
  readonly cert: string;
  readonly key: string;
  /** Authorities, one or several: whoever connects must show a certificate of one of them. Null: nobody is asked. */
  readonly ca: string | null;
}

/** What TLS is spoken with: the contents of those files, found to fit together. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | null;
}

/** A certificate or key cannot be used; the text names setting and file and says why. */
export class CertificateUnusable extends Error {
  override readonly name = "CertificateUnusable";
}

/** Throws `CertificateUnusable`. */
export async function readCredentials(audience: Audience, files: TlsFiles): Promise<Credentials> {
  const [cert, key, ca] = await Promise.all([
    readText(audience, "cert", files.cert),
    readText(audience, "key", files.key),
    files.ca === null ? null : readText(audience, "ca", files.ca),
  ]);
  const where = (part: Part, path: string): string => `${settingFor(audience, part)} ${path}`;
  const [leaf] = certificatesIn(cert, where("cert", files.cert));
  const privateKey = keyIn(key, where("key", files.key));
  if (ca !== null && files.ca !== null) certificatesIn(ca, where("ca", files.ca));
  if (leaf?.checkPrivateKey(privateKey) !== true) {
    throw new CertificateUnusable(
      `${where("key", files.key)} is not the key of the certificate in ${where("cert", files.cert)}: ` +
        "give the two that were made together",
    );
  }
  const credentials: Credentials = { cert, key, ca };
  try {
    createSecureContext(contextOf(credentials));
  } catch (error) {
    throw new CertificateUnusable(
      `${where("cert", files.cert)} cannot be used: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return credentials;
}

/** As `tls` takes them. */
export function contextOf({ cert, key, ca }: Credentials): {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
} {
  return { cert, key, ...(ca !== null && { ca }) };
}

/** What a person should know of certificates that can be used all the same; `now` is in milliseconds. */
export function remarksOn(
  audience: Audience,
  { cert }: Credentials,
  now: number,
): readonly string[] {
  const [leaf] = pemBlocks(cert).map((block) => new X509Certificate(block));
  if (leaf === undefined) return [];
  const what = `the certificate of ${settingFor(audience, "cert")} (${oneLine(leaf.subject)})`;
  if (Date.parse(leaf.validTo) < now)
    return [`${what} expired on ${leaf.validTo}: whoever checks it refuses to connect`];
  if (Date.parse(leaf.validFrom) > now)
    return [`${what} is valid only from ${leaf.validFrom}: set the clock, or make a new one`];
  return [];
}

/** Whether the certificate names that host, so that those who connect to it there take it for the one they meant. */
export function isCertifiedFor({ cert }: Credentials, host: string): boolean {
  const leaf = new X509Certificate(cert);
  return (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined;
}

/** Who a certificate speaks of and until when, for the log. */
export function described({ cert }: Credentials): object {
  const { subject, serialNumber, validTo } = new X509Certificate(cert);
  return { subject: oneLine(subject), serial: serialNumber, validTo };
}

type Part = "cert" | "key" | "ca";

const SETTINGS: Readonly<Record<Part, string>> = {
  cert: "cert-file",
  key: "key-file",
  ca: "trusted-ca-file",
};

const settingFor = (audience: Audience, part: Part): string =>
  audience === "peers" ? `peer-${SETTINGS[part]}` : SETTINGS[part];

/** No file of certificates is larger, the bundles of all public authorities included. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

async function readText(audience: Audience, part: Part, path: string): Promise<string> {
  const where = `${settingFor(audience, part)} ${path}`;
  try {
    const found = await stat(path);
    if (found.size <= FILE_BYTES_MAX) return await readFile(path, "utf8");
  } catch (error) {
    const why = REASONS[codeOf(error) ?? ""] ?? (error as Error).message;
    throw new CertificateUnusable(`${where} cannot be read: ${why}`, { cause: error });
  }
  throw new CertificateUnusable(`${where} is larger than any file of certificates`);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user has no right to it",
  EISDIR: "it is a directory",
};

function certificatesIn(text: string, where: string): readonly X509Certificate[] {
  const blocks = pemBlocks(text);
  if (blocks.length === 0)
    throw new CertificateUnusable(`${where} holds no certificate in PEM (BEGIN CERTIFICATE)`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new CertificateUnusable(
      `${where} holds a damaged certificate: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function keyIn(text: string, where: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    const encrypted = /ENCRYPTED/.test(text);
    const why = encrypted ? "is encrypted: store it without a passphrase" : "holds no key in PEM";
    throw new CertificateUnusable(`${where} ${why}`, { cause: error });
  }
}

const pemBlocks = (text: string): readonly string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];

const oneLine = (subject: string): string => subject.replaceAll("\n", ", ");
