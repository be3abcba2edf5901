import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { CommandFailed, Exit, usage } from "./exit.ts";

/** What a command was told of TLS: paths of PEM files. */
export interface TlsFlags {
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecureSkipTlsVerify?: true;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * How TLS is spoken where an endpoint asks for it. `asked`: somebody named files or gave up checking, so that endpoints
 * without a scheme speak it too.
 */
export interface ClientTls {
  readonly asked: boolean;
  readonly options: ConnectionOptions;
}

/** Flags win over `QUORATE_CACERT` and its like. Throws `CommandFailed` for what cannot be read, or misses its other half. */
export function clientTlsOf(flags: TlsFlags, environment: Environment): ClientTls {
  const cacert = flags.cacert ?? given(environment, "QUORATE_CACERT");
  const cert = flags.cert ?? given(environment, "QUORATE_CERT");
  const key = flags.key ?? given(environment, "QUORATE_KEY");
  const unchecked = flags.insecureSkipTlsVerify === true || isSet(environment);
  if ((cert === undefined) !== (key === undefined)) {
    const [one, other] = cert === undefined ? ["--key", "--cert"] : ["--cert", "--key"];
    throw usage(`${one} needs ${other} too: a certificate and its key go together`);
  }
  return {
    asked: unchecked || cacert !== undefined || cert !== undefined,
    options: {
      rejectUnauthorized: !unchecked,
      ...(cacert !== undefined && { ca: read("--cacert", cacert) }),
      ...(cert !== undefined && { cert: read("--cert", cert) }),
      ...(key !== undefined && { key: read("--key", key) }),
    },
  };
}

const given = (environment: Environment, name: string): string | undefined =>
  environment[name] || undefined;

/** As flags of the node's settings take it. */
function isSet(environment: Environment): boolean {
  const text = given(environment, SKIP_VARIABLE) ?? "false";
  if (text === "1" || text === "true") return true;
  if (text === "0" || text === "false") return false;
  throw usage(`${SKIP_VARIABLE} must be true or false`);
}

const SKIP_VARIABLE = "QUORATE_INSECURE_SKIP_TLS_VERIFY";

function read(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as Error).message;
    throw new CommandFailed(Exit.failed, `${flag} ${path} cannot be read: ${why}`, {
      cause: error,
    });
  }
}
