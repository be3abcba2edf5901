import { ETCD_OPTIONS, type EtcdOptions } from "../../src/gateway/etcd/index.ts";
import { GATEWAY_OPTIONS, Gateway, type GatewayOptions } from "../../src/gateway/index.ts";
import { EtcdClient } from "./etcd-client.ts";
import { SoloNode } from "./solo-node.ts";

/** A gateway in front of a node of its own, on a free port of the loopback. */
export interface Served {
  readonly node: SoloNode;
  readonly gateway: Gateway;
  readonly port: number;
  client(metadata?: Readonly<Record<string, string>>): EtcdClient;
  stop(): void;
}

/** What a gateway says of itself to whoever scrapes it; 0 for what it does not say. */
export async function metric({ port }: Served, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

export async function serve(
  etcd: Partial<EtcdOptions> = {},
  more: Partial<GatewayOptions> = {},
  node: SoloNode = new SoloNode(),
): Promise<Served> {
  const options = { ...GATEWAY_OPTIONS, ...more, etcd: { ...ETCD_OPTIONS, ...etcd } };
  const gateway = new Gateway(node, node, node, options);
  const { port } = await gateway.listen("127.0.0.1", 0);
  const clients: EtcdClient[] = [];
  return {
    node,
    gateway,
    port,
    client(metadata = {}) {
      const client = new EtcdClient(port, metadata);
      clients.push(client);
      return client;
    },
    stop() {
      for (const client of clients) client.close();
      gateway.destroy();
    },
  };
}
