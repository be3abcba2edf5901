import { parseAddress } from "../transport/index.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** An address as somebody wrote it. */
export interface Url {
  /** Null where only host:port was written. */
  readonly scheme: "http" | "https" | null;
  /** host:port; 0.0.0.0 and names are as good as numbers. */
  readonly address: string;
}

export interface NamedUrl extends Url {
  readonly name: string;
}

/** One URL without a path, or host:port. Throws a `RangeError`. */
export function parseListenUrl(text: string): Url {
  const [only, ...more] = parseUrls(text);
  if (only === undefined || more.length > 0) {
    throw new RangeError(`"${text}" names ${more.length + 1} addresses: this release takes one`);
  }
  return only;
}

/** URLs without paths, or host:port. Throws a `RangeError`. */
export function parseUrls(text: string): readonly Url[] {
  return text.split(",").map((part) => urlOf(part.trim()));
}

/** `a=host:port,b=https://host:port`. Throws a `RangeError` that shows the form. */
export function parseFounders(text: string): readonly NamedUrl[] {
  const founders = text.split(",").map((part) => {
    const at = part.indexOf("=");
    if (at <= 0) throw new RangeError(`"${part}" is no founder: write name=host:port`);
    return { name: part.slice(0, at).trim(), ...urlOf(part.slice(at + 1).trim()) };
  });
  for (const field of ["name", "address"] as const) {
    const seen = new Set(founders.map((founder) => founder[field]));
    if (seen.size < founders.length) throw new RangeError(`"${text}" names one ${field} twice`);
  }
  return founders;
}

/** Whether nobody but this machine can reach it. */
export function isLoopback(address: string): boolean {
  const { host } = parseAddress(address);
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function urlOf(text: string): Url {
  const [, scheme, rest = ""] = /^(?:(https?):\/\/)?(.*?)\/?$/s.exec(text) ?? [];
  parseAddress(rest);
  return { scheme: scheme === "http" || scheme === "https" ? scheme : null, address: rest };
}
