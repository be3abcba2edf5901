import { clusterId, type NodeId, nodeId, startId } from "@quorate/kernel/core";
import type { Identity } from "@quorate/kernel/replica";
import { silentLog } from "../../../packages/server/src/host/index.ts";
import {
  Transport,
  type TransportLimits,
  type TransportListener,
} from "../../../packages/server/src/transport/index.ts";

/** Deadline of every named event that a test here waits for. */
const EVENT_MILLIS = 30_000;

/** A transport with what it heard, and promises for what it is yet to hear. */
export class Party {
  readonly transport: Transport;
  readonly frames: { readonly from: NodeId; readonly payload: Uint8Array }[] = [];
  readonly links: { readonly peer: NodeId; readonly up: boolean }[] = [];
  address = "";
  onFrame: (from: NodeId, payload: Uint8Array) => void = () => {};
  onLink: (peer: NodeId, up: boolean) => void = () => {};
  onJoin: TransportListener["onJoin"] = () => Promise.reject(new Error("nobody joins here"));
  #waiting = new Set<() => void>();

  constructor(identity: Identity, limits: Partial<TransportLimits> = {}) {
    const options = { identity, listen: "127.0.0.1:0", tls: null, log: silentLog, limits };
    this.transport = new Transport(options, {
      onFrame: (from, payload) => {
        this.frames.push({ from, payload });
        this.onFrame(from, payload);
        this.#tell();
      },
      onLink: (peer, up) => {
        this.links.push({ peer, up });
        this.onLink(peer, up);
        this.#tell();
      },
      onJoin: (request) => this.onJoin(request),
    });
  }

  async listen(): Promise<void> {
    this.address = await this.transport.listen();
  }

  get port(): number {
    return Number(this.address.split(":")[1]);
  }

  meets(...peers: readonly { readonly node: bigint; readonly address: string }[]): void {
    this.transport.setPeers(peers.map(({ node, address }) => ({ node: nodeId(node), address })));
  }

  /** Resolves when a frame or a change of a link made `condition` true; rejects at the deadline. */
  until(what: string, condition: () => boolean, waitMillis = EVENT_MILLIS): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        clearTimeout(deadline);
        this.#waiting.delete(look);
        resolve();
      };
      const deadline = setTimeout(() => reject(new Error(`never: ${what}`)), waitMillis);
      this.#waiting.add(look);
    });
  }

  linkedTo(node: bigint): Promise<void> {
    return this.until(`a link to ${node}`, () => this.transport.linked().includes(nodeId(node)));
  }

  #tell(): void {
    for (const look of this.#waiting) look();
  }
}

export const identityOf = (node: bigint, cluster = 7n, start = node + 100n): Identity => ({
  cluster: clusterId(cluster),
  node: nodeId(node),
  start: startId(start),
});
