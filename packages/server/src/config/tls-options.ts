import type { TlsFiles } from "../tls/index.ts";
import { BadConfiguration } from "./load.ts";
import type { Reading } from "./reading.ts";
import type { SettingName } from "./settings.ts";
import type { Url } from "./values.ts";

/** Which files TLS is spoken with; null where it is not. They have not been read. */
export interface Tls {
  readonly clients: TlsFiles | null;
  readonly peers: TlsFiles | null;
}

/** Throws `BadConfiguration` where one setting is missing that another needs. */
export function tlsOf(read: Reading): Tls {
  return { clients: tlsForClients(read), peers: tlsForPeers(read) };
}

/** As etcd has it, `trusted-ca-file` alone asks clients for certificates too. */
function tlsForClients(read: Reading): TlsFiles | null {
  const ca = read.optional("trusted-ca-file");
  const pair = together(read, ["cert-file", "key-file"]);
  if (read.flag("client-cert-auth") && ca === null) {
    throw new BadConfiguration(
      "client-cert-auth asks clients for certificates, but nobody says whose: give trusted-ca-file",
    );
  }
  if (pair === null && ca !== null) {
    throw new BadConfiguration(
      "trusted-ca-file asks clients for certificates, which takes TLS: give cert-file and key-file too",
    );
  }
  return pair === null ? null : { cert: pair[0] ?? "", key: pair[1] ?? "", ca };
}

function tlsForPeers(read: Reading): TlsFiles | null {
  const all = together(read, ["peer-cert-file", "peer-key-file", "peer-trusted-ca-file"]);
  return all === null ? null : { cert: all[0] ?? "", key: all[1] ?? "", ca: all[2] ?? null };
}

/** All of them, or none. */
function together(read: Reading, names: readonly SettingName[]): readonly string[] | null {
  const values = names.map((name) => read.optional(name));
  const given = names.filter((_, i) => values[i] !== null);
  if (given.length === 0) return null;
  const missing = names.filter((_, i) => values[i] === null);
  if (missing.length > 0) {
    throw new BadConfiguration(
      `with ${given.join(" and ")} goes ${missing.join(" and ")}: TLS takes them together`,
    );
  }
  return values.map(String);
}

/** The URL's address. Throws `BadConfiguration` where its scheme says something else than the certificates do. */
export function addressIn(setting: SettingName, url: Url, tls: TlsFiles | null): string {
  const peers = setting.includes("peer") || setting === "initial-cluster" || setting === "join";
  const files = peers
    ? "peer-cert-file, peer-key-file and peer-trusted-ca-file"
    : "cert-file and key-file";
  const { scheme, address } = url;
  if (scheme === "https" && tls === null) {
    throw new BadConfiguration(
      `${setting} says https://${address}, and there is no certificate to speak TLS with: give ${files}, ` +
        "or write http://",
    );
  }
  if (scheme === "http" && tls !== null) {
    throw new BadConfiguration(
      `${setting} says http://${address}, but there are certificates: write https://${address}, ` +
        `or leave ${files} out`,
    );
  }
  return address;
}
