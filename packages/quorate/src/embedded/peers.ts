import type { Founder } from "@quorate/server";

/** Whom a node founds its cluster with, or asks to be let in. */
export interface Peers {
  readonly founders: readonly Founder[];
  /** Peer addresses, host:port; empty for a founder. */
  readonly join: readonly string[];
}

/** The founders as `name=host:port`; an empty list is a cluster of this node alone. */
export function fixed(founders: readonly string[]): Peers {
  return { founders: founders.map(founderOf), join: [] };
}

/** From `QUORATE_INITIAL_CLUSTER`, or `QUORATE_JOIN` where that is set. */
export function fromEnv(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Peers {
  const { QUORATE_INITIAL_CLUSTER: founders, QUORATE_JOIN: join } = environment;
  if (join) return { founders: [], join: join.split(",").map((address) => address.trim()) };
  return fixed(founders ? founders.split(",") : []);
}

function founderOf(text: string): Founder {
  const [name, address, ...more] = text.trim().split("=");
  if (!name || !address || more.length > 0) {
    throw new RangeError(`"${text}" is no founder: write name=host:port`);
  }
  return { name, address: address.replace(/^https?:\/\//, "") };
}
