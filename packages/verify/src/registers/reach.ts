import type { Edge } from "../verdict.ts";

/** An edge between places, with its reason. */
export interface Link {
  readonly from: number;
  readonly to: number;
  readonly kind: Edge["kind"];
  readonly why: string;
}

/** A strict order that grows by edges, kept as its transitive closure: who reaches whom, in a square of bits. */
export class Reach {
  readonly size: number;
  private readonly width: number;
  private readonly bits: Uint32Array;
  private readonly links: Link[];

  constructor(size: number, from: Reach | null = null) {
    this.size = size;
    this.width = (size + 31) >> 5;
    this.bits = from === null ? new Uint32Array(size * this.width) : from.bits.slice();
    this.links = from === null ? [] : [...from.links];
  }

  fork(): Reach {
    return new Reach(this.size, this);
  }

  has(from: number, to: number): boolean {
    const word = this.bits[from * this.width + (to >> 5)] as number;
    return ((word >>> (to & 31)) & 1) === 1;
  }

  /** Adds an edge that is not implied yet. Where it closes a circle, that circle: each link begins where the one before ends. */
  add(link: Link): readonly Link[] | null {
    const { from, to } = link;
    if (from === to) return [link];
    if (this.has(to, from)) return [link, ...this.path(to, from)];
    if (this.has(from, to)) return null;
    this.links.push(link);
    for (let node = 0; node < this.size; node++) {
      if (node === from || this.has(node, from)) this.absorb(node, to);
    }
    return null;
  }

  /** `node` reaches `to`, and all that `to` reaches. */
  private absorb(node: number, to: number): void {
    const [a, b] = [node * this.width, to * this.width];
    for (let i = 0; i < this.width; i++) {
      this.bits[a + i] = (this.bits[a + i] as number) | (this.bits[b + i] as number);
    }
    const at = a + (to >> 5);
    this.bits[at] = (this.bits[at] as number) | (1 << (to & 31));
  }

  /** The shortest way along added edges. */
  private path(from: number, to: number): readonly Link[] {
    const out = new Map<number, Link[]>();
    for (const link of this.links) out.set(link.from, [...(out.get(link.from) ?? []), link]);
    const cameBy = new Map<number, Link>();
    const queue = [from];
    for (const node of queue) {
      if (node === to) break;
      for (const link of out.get(node) ?? []) {
        if (link.to === from || cameBy.has(link.to)) continue;
        cameBy.set(link.to, link);
        queue.push(link.to);
      }
    }
    const path: Link[] = [];
    for (let node = to; node !== from; ) {
      const link = cameBy.get(node) as Link;
      path.unshift(link);
      node = link.from;
    }
    return path;
  }
}
