import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface Certified {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  readonly cert: string;
  issue(commonName: string, about?: About): Certified;
}

/** What a certificate says beside its names, which are always `localhost` and 127.0.0.1. */
export interface About {
  /** Extended key usage; nothing is said of it if not given. */
  readonly uses?: readonly ("server" | "client")[];
  /** `YYYYMMDDHHMMSSZ`. */
  readonly from?: string;
  readonly to?: string;
}

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** A self-signed certificate for `localhost` and 127.0.0.1, made anew for each test run (RFC 5280, by hand). */
export function selfSigned(commonName: string): Certified {
  const keys = newKeys();
  return { key: pemOf(keys), cert: certificate(commonName, keys, commonName, keys, [NAMES], {}) };
}

export function authority(commonName: string): Authority {
  const keys = newKeys();
  return {
    cert: certificate(commonName, keys, commonName, keys, [IS_AUTHORITY], {}),
    issue(subject, about = {}) {
      const own = newKeys();
      const uses = about.uses === undefined ? [] : [usesOf(about.uses)];
      const cert = certificate(subject, own, commonName, keys, [NAMES, ...uses], about);
      return { key: pemOf(own), cert };
    },
  };
}

function certificate(
  subject: string,
  { publicKey }: Keys,
  issuer: string,
  { privateKey }: Keys,
  extensions: readonly Buffer[],
  { from = "20200101000000Z", to = "20991231235959Z" }: About,
): string {
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1, ...randomBytes(8)])),
    algorithm,
    nameOf(issuer),
    sequence(der(0x18, Buffer.from(from)), der(0x18, Buffer.from(to))),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const whole = sequence(
    toBeSigned,
    algorithm,
    der(0x03, Buffer.concat([Buffer.from([0]), signature])),
  );
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const newKeys = (): Keys => generateKeyPairSync("ec", { namedCurve: "P-256" });

const pemOf = ({ privateKey }: Keys): string =>
  privateKey.export({ type: "pkcs8", format: "pem" }).toString();

function der(tag: number, content: Buffer): Buffer {
  const { length: n } = content;
  const length = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const nameOf = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(commonName)))));

function usesOf(uses: readonly ("server" | "client")[]): Buffer {
  const ids = uses.map((use) => oid(use === "server" ? "2b06010505070301" : "2b06010505070302"));
  return sequence(oid("551d25"), der(0x04, sequence(...ids)));
}

const NAMES = sequence(
  oid("551d11"),
  der(0x04, sequence(der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1])))),
);
const TRUE = der(0x01, Buffer.from([0xff]));
const IS_AUTHORITY = sequence(oid("551d13"), TRUE, der(0x04, sequence(TRUE)));
