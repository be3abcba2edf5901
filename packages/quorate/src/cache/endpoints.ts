import { badArgument } from "../embedded/errors.ts";
import type { Endpoint } from "./stream.ts";

/** `host:port`, `http://host:port` or `https://host:port`. Throws `QuorateError` for anything else. */
export function endpointOf(text: string, securedByDefault: boolean): Endpoint {
  const endpoint = read(text, securedByDefault);
  if (endpoint !== null) return endpoint;
  throw badArgument(
    `"${text}" is no endpoint: write host:port, http://host:port or https://host:port`,
  );
}

function read(text: string, securedByDefault: boolean): Endpoint | null {
  const match = /^(?:(https?):\/\/)?(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})\/?$/.exec(text.trim());
  const host = match?.[2] ?? match?.[3];
  const port = Number(match?.[4]);
  if (host === undefined || !(port <= 65_535)) return null;
  const scheme = match?.[1];
  return { host, port, secured: scheme === undefined ? securedByDefault : scheme === "https" };
}

/** Which member is asked next: the one that is said to lead, else one after the other. */
export class Endpoints {
  readonly #known: readonly Endpoint[];
  /** A member may not know that its port speaks TLS behind somebody who adds it: what the client was told holds. */
  readonly #secured: boolean;
  #hinted: readonly Endpoint[] = [];
  #next = 0;

  constructor(known: readonly Endpoint[]) {
    this.#known = known;
    this.#secured = known.some(({ secured }) => secured);
  }

  get count(): number {
    return this.#known.length;
  }

  /** What a member said of another counts once: it may be as wrong as it was late. */
  hint(urls: readonly string[]): void {
    this.#hinted = urls.flatMap((url) => {
      const endpoint = read(url, this.#secured);
      return endpoint === null ? [] : [{ ...endpoint, secured: endpoint.secured || this.#secured }];
    });
  }

  next(): Endpoint {
    const [hinted, ...rest] = this.#hinted;
    this.#hinted = rest;
    if (hinted !== undefined) return hinted;
    const endpoint = this.#known[this.#next % this.#known.length];
    this.#next++;
    if (endpoint === undefined) throw badArgument("a cache needs an endpoint");
    return endpoint;
  }
}
