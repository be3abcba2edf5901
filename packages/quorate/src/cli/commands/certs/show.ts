import { X509Certificate } from "node:crypto";
import type { Command } from "commander";
import { CommandFailed, Exit } from "../../exit.ts";
import { CertShowOutput } from "../../outputs.ts";
import { described } from "../../session.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { readText } from "./files.ts";

type Shown = (typeof CertShowOutput._output)["certificates"][number];

export function showCommand(terminal: Terminal): Command {
  return described("show", "what the certificates in a file say", [
    "certs show n1/n1.crt",
    "certs show ca/ca.crt --json",
  ])
    .argument("<file>", "one certificate or several, in PEM")
    .option("--json", "print JSON")
    .action((file: string, { json }: { readonly json?: true }) => {
      const certificates = certificatesIn(file).map(shown);
      terminal.out(
        json === true
          ? `${JSON.stringify(CertShowOutput.parse({ certificates }))}\n`
          : certificates.map(textOf).join("\n"),
      );
    });
}

function certificatesIn(file: string): readonly X509Certificate[] {
  const blocks = readText(file).match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (blocks === null) throw new CommandFailed(Exit.failed, `${file} holds no certificate in PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new CommandFailed(
      Exit.failed,
      `${file} holds a damaged certificate: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function shown(certificate: X509Certificate): Shown {
  const uses = certificate.keyUsage ?? [];
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    serial: certificate.serialNumber,
    hosts: (certificate.subjectAltName ?? "").split(", ").filter((name) => name !== ""),
    authority: certificate.ca,
    uses: uses.map((use) => USES[use] ?? use),
    validFrom: new Date(certificate.validFrom).toISOString(),
    validTo: new Date(certificate.validTo).toISOString(),
    fingerprint: certificate.fingerprint256,
  };
}

/** Extended key usage (RFC 5280 §4.2.1.12), which Node calls `keyUsage`. */
const USES: Readonly<Record<string, string>> = {
  "1.3.6.1.5.5.7.3.1": "server",
  "1.3.6.1.5.5.7.3.2": "client",
};

function textOf(one: Shown): string {
  const ended = Date.parse(one.validTo) < Date.now() ? "  (expired)" : "";
  const lines = [
    ["subject", one.subject],
    ["issuer", one.issuer],
    ["serial", one.serial],
    ["hosts", one.hosts.join(", ")],
    ["uses", one.authority ? "authority" : one.uses.join(", ")],
    ["valid", `${one.validFrom} to ${one.validTo}${ended}`],
    ["sha256", one.fingerprint],
  ];
  return lines
    .map(([name = "", value = ""]) => `${`${name.padEnd(8)} ${printable(value)}`.trimEnd()}\n`)
    .join("");
}

const oneLine = (name: string): string => name.replaceAll("\n", ", ");
