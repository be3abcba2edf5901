import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Issued } from "../../src/cli/commands/certs/authority.ts";

const EC = { name: "ECDSA", namedCurve: "P-256" } as const;

/** A company's root, and an authority for one cluster that it has vouched for. */
export async function authorities(): Promise<{ readonly root: string; readonly middle: Issued }> {
  const [above, below] = [await newKeys(), await newKeys()];
  const about = {
    notAfter: new Date(Date.now() + 1000 * 86_400_000),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  };
  const root = await X509CertificateGenerator.createSelfSigned({
    ...about,
    serialNumber: "49",
    name: [{ CN: ["Company"] }],
    keys: above,
  });
  const middle = await X509CertificateGenerator.create({
    ...about,
    serialNumber: "4a",
    subject: [{ CN: ["Cluster"] }],
    issuer: root.subjectName,
    publicKey: below.publicKey,
    signingKey: above.privateKey,
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", below.privateKey));
  const made = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return {
    root: pem(root),
    middle: { cert: pem(middle), key: String(made.export({ type: "pkcs8", format: "pem" })) },
  };
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);

const pem = (certificate: X509Certificate): string => `${certificate.toString("pem")}\n`;
