import { isIP } from "node:net";
import { type Command, InvalidArgumentError } from "commander";
import { CommandFailed, Exit, usage } from "../../exit.ts";
import { CertOutput } from "../../outputs.ts";
import { described, integerOf } from "../../session.ts";
import type { Terminal } from "../../terminal.ts";
import { AuthorityTooShort, type Issued, issue, makeAuthority, type Wanted } from "./authority.ts";
import { AUTHORITY, pairIn, readText, refuseToOverwrite, write } from "./files.ts";
import { showCommand } from "./show.ts";

const AUTHORITY_DAYS = 3650;
const DAYS = 365;
/** A century: later years do not fit everybody's dates. */
const DAYS_MAX = 36_500;

interface Options {
  readonly out: string;
  readonly days: number;
  readonly json?: true;
}

interface IssueOptions extends Options {
  readonly ca: string;
}

/** An authority and what it vouches for: enough for a cluster of one's own. Others' tools do as well. */
export function certsCommand(terminal: Terminal): Command {
  return described("certs", "make certificates for TLS: an authority, nodes, clients", [
    "certs ca --out ca",
    "certs node n1 --ca ca --hosts n1.example,10.0.0.1,127.0.0.1 --out n1",
    "certs client app --ca ca --out app",
    "certs show n1/n1.crt",
  ])
    .addCommand(authorityCommand(terminal))
    .addCommand(nodeCommand(terminal))
    .addCommand(clientCommand(terminal))
    .addCommand(showCommand(terminal));
}

function authorityCommand(terminal: Terminal): Command {
  return made("ca", "make an authority: DIR/ca.crt and DIR/ca.key", ["certs ca --out ca"])
    .option("--name <name>", "what it is called", commonNameOf, "Quorate CA")
    .option("--days <n>", "how long it is valid", daysOf, AUTHORITY_DAYS)
    .action(async ({ out, days, name, json }: Options & { readonly name: string }) => {
      const pair = pairIn(out, AUTHORITY);
      refuseToOverwrite(pair);
      write(out, pair, await makeAuthority(name, days, new Date()));
      print(terminal, json, { ...pair, flags: [] }, [
        `Keep ${pair.key} where no node is: whoever has it can make members and clients.`,
      ]);
    });
}

function nodeCommand(terminal: Terminal): Command {
  return made("node", "make a node's certificate, for clients and for peers", [
    "certs node n1 --ca ca --hosts n1.example,10.0.0.1,127.0.0.1 --out n1",
  ])
    .argument("<name>", "the node's name, and that of the files", fileNameOf)
    .requiredOption("--ca <dir>", "directory of ca.crt and ca.key")
    .requiredOption("--hosts <list>", "names and addresses under which it is reached", hostsOf)
    .option("--days <n>", "how long it is valid", daysOf, DAYS)
    .action(async (name: string, options: IssueOptions & { readonly hosts: readonly string[] }) => {
      const { ca, out, days, hosts, json } = options;
      const pair = await issueTo(out, ca, { name, use: "node", hosts, days });
      const authority = pairIn(ca, AUTHORITY).cert;
      const clients = ["--cert-file", pair.cert, "--key-file", pair.key];
      const asked = ["--client-cert-auth", "--trusted-ca-file", authority];
      const peers = ["--peer-cert-file", pair.cert, "--peer-key-file", pair.key];
      const flags = [...clients, ...asked, ...peers, "--peer-trusted-ca-file", authority];
      print(terminal, json, { ...pair, flags }, [
        `TLS for clients:         ${clients.join(" ")}`,
        `  asking them for theirs: ${asked.join(" ")}`,
        `TLS between nodes:       ${[...peers, "--peer-trusted-ca-file", authority].join(" ")}`,
      ]);
    });
}

function clientCommand(terminal: Terminal): Command {
  return made("client", "make a client's certificate", ["certs client app --ca ca --out app"])
    .argument("<name>", "the client's name, and that of the files", fileNameOf)
    .requiredOption("--ca <dir>", "directory of ca.crt and ca.key")
    .option("--days <n>", "how long it is valid", daysOf, DAYS)
    .action(async (name: string, { ca, out, days, json }: IssueOptions) => {
      const pair = await issueTo(out, ca, { name, use: "client", hosts: [], days });
      const authority = pairIn(ca, AUTHORITY).cert;
      const flags = ["--cacert", authority, "--cert", pair.cert, "--key", pair.key];
      print(terminal, json, { ...pair, flags }, [
        `quorate, etcdctl and curl take: ${flags.join(" ")}`,
      ]);
    });
}

const made = (name: string, description: string, examples: readonly string[]): Command =>
  described(name, description, examples)
    .requiredOption("--out <dir>", "directory to write to; made if it is not there")
    .option("--json", "print JSON");

async function issueTo(
  out: string,
  ca: string,
  wanted: Wanted,
): Promise<ReturnType<typeof pairIn>> {
  const pair = pairIn(out, wanted.name);
  refuseToOverwrite(pair);
  const files = pairIn(ca, AUTHORITY);
  const authority: Issued = { cert: readText(files.cert), key: readText(files.key) };
  write(out, pair, await issued(authority, wanted, ca));
  return pair;
}

async function issued(authority: Issued, wanted: Wanted, ca: string): Promise<Issued> {
  try {
    return await issue(authority, wanted, new Date());
  } catch (error) {
    const why = (error as Error).message;
    if (error instanceof AuthorityTooShort)
      throw usage(`--days ${wanted.days} is too long: ${why}`);
    throw new CommandFailed(Exit.failed, `the authority in ${ca} cannot be used: ${why}`, {
      cause: error,
    });
  }
}

function print(
  terminal: Terminal,
  json: true | undefined,
  output: typeof CertOutput._output,
  advice: readonly string[],
): void {
  if (json === true) {
    terminal.out(`${JSON.stringify(CertOutput.parse(output))}\n`);
    return;
  }
  terminal.out(`wrote ${output.cert}\nwrote ${output.key}\n`);
  terminal.out(`${advice.join("\n")}\n`);
}

function daysOf(text: string): number {
  const days = integerOf(text);
  if (days < 1 || days > DAYS_MAX)
    throw new InvalidArgumentError(`it must be from 1 to ${DAYS_MAX}.`);
  return days;
}

function fileNameOf(text: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(text) || text === AUTHORITY) {
    throw new InvalidArgumentError(
      `it must be letters, digits, ".", "_" and "-", at most 64, and not "${AUTHORITY}".`,
    );
  }
  return text;
}

function commonNameOf(text: string): string {
  if (text.length < 1 || text.length > 64)
    throw new InvalidArgumentError("it must have from 1 to 64 characters.");
  return text;
}

function hostsOf(text: string): readonly string[] {
  const hosts = text.split(",").map((host) => host.trim().replace(/^\[(.*)\]$/, "$1"));
  const wrong = hosts.find((host) => isIP(host) === 0 && !HOST_NAME.test(host));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`"${wrong}" is no host name and no address.`);
  return hosts;
}

/** Labels of letters, digits and hyphens; the first may be a `*` for any. */
const HOST_NAME = /^(?=.{1,253}$)(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*$/;
