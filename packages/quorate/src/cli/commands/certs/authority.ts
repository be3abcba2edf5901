// What the next import's container needs to be there when it is loaded, and does not bring.
import "reflect-metadata";
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate and its key, in PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** Nodes are servers and, to their peers, clients; clients are clients alone. */
export type Use = "node" | "client";

export interface Wanted {
  readonly name: string;
  readonly use: Use;
  /** Host names and addresses under which it is reached; a client needs none. */
  readonly hosts: readonly string[];
  readonly days: number;
}

/** A certificate must not outlive the one that vouches for it, or chains would break before it says so. */
export class AuthorityTooShort extends Error {
  override readonly name = "AuthorityTooShort";

  constructor(until: Date) {
    super(`the authority itself is valid only until ${until.toISOString()}`);
  }
}

/** Makes an authority: a certificate that vouches for others, signed by itself. */
export async function makeAuthority(name: string, days: number, now: Date): Promise<Issued> {
  const keys = await generateKeys();
  const cert = await X509CertificateGenerator.createSelfSigned({
    ...common(keys.publicKey, now, days),
    name: [{ CN: [name] }],
    keys,
    extensions: [
      // Beneath it there are nodes and clients, and no further authorities.
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pem(cert), key: await keyPem(keys.privateKey) };
}

/**
 * Vouches for a new key. `authority.cert` may be a chain: the first certificate signs, and those between it and the root
 * are put behind the new one. Throws where the authority cannot be read, or does not last as long.
 */
export async function issue(authority: Issued, wanted: Wanted, now: Date): Promise<Issued> {
  const [signer, ...above] = PemConverter.decode(authority.cert).map(
    (der) => new X509Certificate(der),
  );
  if (signer === undefined) throw new TypeError("it holds no certificate");
  const keys = await generateKeys();
  const dates = common(keys.publicKey, now, wanted.days);
  if (dates.notAfter > signer.notAfter) throw new AuthorityTooShort(signer.notAfter);
  const cert = await X509CertificateGenerator.create({
    ...dates,
    subject: [{ CN: [wanted.name] }],
    issuer: signer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await signingKeyIn(authority.key),
    extensions: await extensionsOf(wanted, keys.publicKey, signer),
  });
  const between = [signer, ...above].filter(({ subject, issuer }) => subject !== issuer);
  return {
    cert: [cert, ...between].map(pem).join(""),
    key: await keyPem(keys.privateKey),
  };
}

async function extensionsOf(
  { use, hosts }: Wanted,
  publicKey: CryptoKey,
  signer: X509Certificate,
): Promise<Extension[]> {
  const { serverAuth, clientAuth } = ExtendedKeyUsage;
  const names: JsonGeneralNames = hosts.map((host) => ({
    type: isIP(host) === 0 ? "dns" : "ip",
    value: host,
  }));
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(use === "node" ? [serverAuth, clientAuth] : [clientAuth]),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(signer.publicKey),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
  ];
}

type CryptoKey = webcrypto.CryptoKey;

const EC = { name: "ECDSA", namedCurve: "P-256" } as const;
const DAY_MILLIS = 24 * 60 * 60 * 1000;
/** A machine whose clock is a little behind takes it at once all the same. */
const SKEW_MILLIS = 5 * 60 * 1000;
/** RFC 5280 §4.1.2.2: positive, and at most twenty bytes. */
const SERIAL_BYTES = 16;

function common(publicKey: CryptoKey, now: Date, days: number) {
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return {
    serialNumber: serial.toString("hex"),
    notBefore: new Date(now.getTime() - SKEW_MILLIS),
    notAfter: new Date(now.getTime() + days * DAY_MILLIS),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    publicKey,
  };
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);

const pem = (cert: X509Certificate): string => `${cert.toString("pem")}\n`;

async function keyPem(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  const made = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return String(made.export({ type: "pkcs8", format: "pem" }));
}

/** Throws for what is no EC key on P-256. */
function signingKeyIn(text: string): Promise<CryptoKey> {
  const der = createPrivateKey(text).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, EC, false, ["sign"]);
}
