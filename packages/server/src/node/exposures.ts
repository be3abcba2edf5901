import type { KeyspaceId } from "@quorate/kernel/core";
import type { KeyspaceStatus } from "@quorate/kernel/replica";
import { type ClientPort, exposedAddress, type Gateway } from "../gateway/index.ts";
import type { Host, Log } from "../host/index.ts";
import { codeOf } from "../journal/index.ts";

/** A port that another process has is asked for again after so long: the operator may have freed it. */
const RETRY_MILLIS = 5000;

interface Exposure {
  readonly port: number;
  readonly served: ClientPort;
}

/** Gives every exposed keyspace its client port on this node, and takes it back when it is exposed no more. */
export class Exposures {
  readonly #host: Host;
  readonly #gateway: Gateway;
  /** What this node listens on for clients: an exposed port is one of the same address. */
  readonly #address: string;
  readonly #log: Log;
  readonly #open = new Map<KeyspaceId, Exposure>();
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(host: Host, gateway: Gateway, address: string, log: Log) {
    this.#host = host;
    this.#gateway = gateway;
    this.#address = address;
    this.#log = log;
  }

  start(): void {
    this.#host.followKeyspaces((keyspaces) => this.#follow(keyspaces));
  }

  stop(): void {
    this.#stopped = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  #follow(keyspaces: readonly KeyspaceStatus[]): void {
    if (this.#stopped) return;
    const { members } = this.#host.status();
    const self = members.find(({ node }) => node === this.#host.identity.node);
    const wanted = new Map<KeyspaceId, { readonly name: string; readonly port: number }>();
    for (const keyspace of keyspaces) {
      const address = self === undefined ? null : exposedAddress(keyspace, self, members);
      if (address !== null)
        wanted.set(keyspace.keyspace, { name: keyspace.name, port: address.port });
    }
    for (const [keyspace, { port, served }] of this.#open) {
      if (wanted.get(keyspace)?.port === port) continue;
      this.#open.delete(keyspace);
      this.#gateway.hide(served);
    }
    for (const [keyspace, { name, port }] of wanted)
      if (!this.#open.has(keyspace)) void this.#expose(keyspace, name, port);
    // A member that has not reported its addresses yet has none to reckon with.
    if (keyspaces.some(({ exposed }) => exposed !== null) && wanted.size === 0) this.#again();
  }

  async #expose(keyspace: KeyspaceId, name: string, port: number): Promise<void> {
    const served = this.#gateway.expose(keyspace);
    this.#open.set(keyspace, { port, served });
    try {
      await served.listen(this.#address, port);
      this.#log.info({ keyspace: name, port }, "keyspace exposed");
    } catch (error) {
      if (this.#open.get(keyspace)?.served === served) this.#open.delete(keyspace);
      this.#gateway.hide(served);
      const why = codeOf(error) ?? String(error);
      const what = "free the port, or expose the keyspace on another";
      this.#log.error({ keyspace: name, port, why, what }, "keyspace not exposed");
      this.#again();
    }
  }

  #again(): void {
    if (this.#stopped) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.start();
    }, RETRY_MILLIS);
  }
}
