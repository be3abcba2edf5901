import type { Founder } from "../node/index.ts";
import { parseAddress } from "../transport/index.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** One http URL without a path, as `host:port`. Throws a `RangeError`; https is refused because there is no TLS yet. */
export function parseListenUrl(text: string): string {
  const [only, ...more] = parseUrls(text);
  if (only === undefined || more.length > 0) {
    throw new RangeError(`"${text}" names ${more.length + 1} addresses: this release takes one`);
  }
  return addressOf(only);
}

/** URLs in the form that members advertise. */
export function parseUrls(text: string): readonly string[] {
  return text.split(",").map((part) => `http://${addressOf(part.trim())}`);
}

/** `a=host:port,b=http://host:port`. Throws a `RangeError` that shows the form. */
export function parseFounders(text: string): readonly Founder[] {
  const founders = text.split(",").map((part) => {
    const at = part.indexOf("=");
    if (at <= 0) throw new RangeError(`"${part}" is no founder: write name=host:port`);
    return { name: part.slice(0, at).trim(), address: addressOf(part.slice(at + 1).trim()) };
  });
  for (const field of ["name", "address"] as const) {
    const seen = new Set(founders.map((founder) => founder[field]));
    if (seen.size < founders.length) throw new RangeError(`"${text}" names one ${field} twice`);
  }
  return founders;
}

/** `host:port,host:port`. */
export function parseJoin(text: string): readonly string[] {
  return text.split(",").map((part) => addressOf(part.trim()));
}

/** Whether nobody but this machine can reach it. */
export function isLoopback(address: string): boolean {
  const { host } = parseAddress(address);
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** host:port of an http URL, or what was host:port already; 0.0.0.0 and names are as good as numbers. */
function addressOf(text: string): string {
  if (text.startsWith("https://")) {
    throw new RangeError(`"${text}" asks for TLS, which this release does not have: write http://`);
  }
  const address = text.replace(/^http:\/\//, "").replace(/\/$/, "");
  parseAddress(address);
  return address;
}
