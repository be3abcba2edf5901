import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind, EtcdMachine } from "@quorate/kernel/etcd";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import { readKey } from "./clients.ts";
import { putRequest } from "./etcd-requests.ts";

export const KEEPSAKE = "keepsake";
/** Large enough that it lies in a slice of the machine's memory. */
const VALUE = "v".repeat(20_000);
const AGAIN_MILLIS = 1000;
/** How often something is written while it is examined, and what rebuilding one replica takes. */
const WRITE_MILLIS = 200;
const REBUILD_MILLIS = 6000;

/** One large value that is written once: whatever memory does to it must not be served for long (F10). */
export class Keepsake {
  readonly #world: World;
  #written = false;

  constructor(world: World) {
    this.#world = world;
  }

  start(): this {
    this.#write();
    return this;
  }

  /**
   * Replicas that serve something else than what was written, once the group has had the time to examine itself. It does
   * so only while somebody writes.
   */
  examine(flipped: boolean, { checkTicks }: { readonly checkTicks: number }): readonly string[] {
    if (!this.#written) return [];
    for (let left = flipped ? 2 * checkTicks + REBUILD_MILLIS : 0; left > 0; left -= WRITE_MILLIS) {
      const world = this.#world;
      const silent = { onReply: () => {}, onReadable: () => {} };
      const body = putRequest("examined", String(left));
      world.leader()?.request(silent, DEFAULT_KEYSPACE, EtcdKind.put, body, AGAIN_MILLIS);
      world.run(WRITE_MILLIS);
    }
    return this.#world
      .members()
      .filter((node) => holds(node) === "altered")
      .map(({ name }) => `${name} serves a keepsake that nobody wrote`);
  }

  #write(): void {
    if (this.#written) return;
    const node = this.#world.leader() ?? this.#world.nodes[0];
    const caller = {
      onReply: ({ ok }: { readonly ok: boolean }) => void (this.#written ||= ok),
      onReadable: () => {},
    };
    const body = putRequest(KEEPSAKE, VALUE);
    node?.request(caller, DEFAULT_KEYSPACE, EtcdKind.put, body, AGAIN_MILLIS);
    this.#world.agenda.after(AGAIN_MILLIS * 1000, () => this.#write());
  }
}

function holds({ kernel }: SimNode): "whole" | "altered" | "nothing" {
  const status = kernel?.groupOf(DEFAULT_KEYSPACE) ?? null;
  if (status === null || !status.serving || !(status.view instanceof EtcdMachine)) return "nothing";
  return readKey(status.view, KEEPSAKE) === VALUE ? "whole" : "altered";
}
