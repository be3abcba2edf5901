import type { NodeId, RequestId, StartId } from "../core/index.ts";

/** Requests of one life of a node that are remembered; a link repeats what it carried lately, or not at all. */
const REMEMBERED_MAX = 16_384;
/** Lives remembered; of more nodes than that, the one heard longest ago is forgotten. */
const LIVES_MAX = 64;

/**
 * Which forwarded requests this leader has taken, so that a frame delivered twice is proposed once. The links drop repeated frames
 * themselves; this holds where they do not (catalogue A6: nothing rests on what a link promises).
 */
export class Arrivals {
  readonly #lives = new Map<string, Set<RequestId>>();
  /** The life asked for last: most requests come from the one that the last came from, and its name is two long numbers. */
  #last: { readonly node: NodeId; readonly start: StartId; readonly taken: Set<RequestId> } | null =
    null;

  /** True the first time; a request that was refused must be `forget`-ed, so that it may come again. */
  take(node: NodeId, start: StartId, request: RequestId): boolean {
    const taken = this.#life(node, start);
    if (taken.has(request)) return false;
    taken.add(request);
    if (taken.size > REMEMBERED_MAX) taken.delete(taken.values().next().value as RequestId);
    return true;
  }

  forget(node: NodeId, start: StartId, request: RequestId): void {
    this.#lives.get(`${node}/${start}`)?.delete(request);
  }

  #life(node: NodeId, start: StartId): Set<RequestId> {
    if (this.#last?.node === node && this.#last.start === start) return this.#last.taken;
    const taken = this.#named(node, start);
    this.#last = { node, start, taken };
    return taken;
  }

  #named(node: NodeId, start: StartId): Set<RequestId> {
    const life = `${node}/${start}`;
    const known = this.#lives.get(life);
    if (known !== undefined) return known;
    if (this.#lives.size >= LIVES_MAX)
      this.#lives.delete(this.#lives.keys().next().value as string);
    const fresh = new Set<RequestId>();
    this.#lives.set(life, fresh);
    return fresh;
  }
}
