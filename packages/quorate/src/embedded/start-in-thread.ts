import { type ServerOptions, startServer } from "@quorate/server";
import type { StartedNode } from "./started-node.ts";
import { ThreadPort } from "./thread-port.ts";

/** Starts a node in this thread. Throws what stands in its way. */
export async function startInThread(options: ServerOptions): Promise<StartedNode> {
  const server = await startServer(options);
  let closing: Promise<void> | null = null;
  return {
    port: new ThreadPort(server.host),
    ready: server.ready,
    clientAddress: server.clientAddress,
    peerAddress: server.peerAddress,
    close: () => {
      closing ??= server.stop();
      return closing;
    },
  };
}
