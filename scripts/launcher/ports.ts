import net from "node:net";

/** Where one node of a local cluster listens, on loopback. */
export interface NodePorts {
  readonly client: number;
  readonly peer: number;
}

/** From the first node's client port to those of all three: 2379, 22379, 32379, as etcd's own examples have them. */
const OFFSETS = [0, 20_000, 30_000];
const PORT_MAX = 65_535;

/** Throws a `RangeError` if the block does not fit below the last port. */
export function portsOf(base: number): readonly NodePorts[] {
  return OFFSETS.map((offset) => {
    const client = base + offset;
    if (base < 1 || client + 1 > PORT_MAX) {
      throw new RangeError(
        `--port-base ${base} leads to port ${client + 1}: choose one from 1 to ${PORT_MAX - 30_001}`,
      );
    }
    return { client, peer: client + 1 };
  });
}

/** Whether the port could be had just now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () =>
      probe.close(() => resolve(true)),
    );
  });
}
