import type { Network } from "../world/network.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";

/**
 * Where a node stands in a faulty world. With the majority: it runs, and frames pass both ways between it and so many others
 * that run that together they are more than half. In a minority: nobody whom it reaches over any of them stands there. Between:
 * it reaches some who do. A slow disk, clock or link changes nothing: the cluster must bear that.
 */
export type Side = "majority" | "minority" | "between" | "down";

export function sideOf(members: readonly SimNode[], network: Network, node: SimNode): Side {
  if (!node.runs) return "down";
  const nearTo = (one: SimNode): readonly SimNode[] =>
    members.filter((other) => other === one || areLinked(network, one, other));
  const isCentral = (one: SimNode): boolean => 2 * nearTo(one).length > members.length;
  if (isCentral(node)) return "majority";
  const reached = new Set([node]);
  for (const one of reached) for (const other of nearTo(one)) reached.add(other);
  return [...reached].some(isCentral) ? "between" : "minority";
}

const areLinked = (network: Network, one: SimNode, other: SimNode): boolean =>
  one.runs && other.runs && network.carries(one.id, other.id) && network.carries(other.id, one.id);

/** Looks where every member stands, again and again, and knows since when. */
export class Sides {
  readonly #world: World;
  readonly #sides = new Map<SimNode, { readonly side: Side; readonly since: number }>();

  constructor(world: World) {
    this.#world = world;
  }

  look(): void {
    const members = this.#world.members();
    for (const node of this.#world.nodes) {
      const side = members.includes(node) ? sideOf(members, this.#world.network, node) : "down";
      if (this.#sides.get(node)?.side !== side)
        this.#sides.set(node, { side, since: this.#world.agenda.now });
    }
  }

  of(node: SimNode): Side {
    return this.#sides.get(node)?.side ?? "down";
  }

  /** The side on which the node has been without a break since then; null where it changed. */
  allAlong(node: SimNode, since: number): Side | null {
    const stood = this.#sides.get(node);
    return stood !== undefined && stood.since <= since ? stood.side : null;
  }

  /** Is there a majority that could go on? */
  get isAvailable(): boolean {
    return [...this.#sides.values()].some(({ side }) => side === "majority");
  }
}
