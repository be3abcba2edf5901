import { once } from "node:events";
import net from "node:net";
import { encodeHello, PEER_VERSIONS } from "@quorate/kernel/core";
import { afterEach, expect, test } from "vitest";
import { JOINS_MAX } from "../../../packages/server/src/transport/transport.ts";
import { identityOf, Party } from "./rig.ts";

let node: Party;
const sockets: net.Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await node.transport.close();
});

async function knock(): Promise<net.Socket> {
  const socket = net.connect(node.port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

test("greetingsMax: of callers that say nothing only so many stay, and the oldest goes first", async () => {
  node = new Party(identityOf(2n), { greetingsMax: 3, helloMillis: 60_000 });
  await node.listen();
  const first = await knock();
  const second = await knock();
  const gone = [first, second].map((socket) => once(socket.resume(), "close"));
  for (let i = 0; i < 3; i++) await knock();
  await Promise.all(gone);
  expect(node.transport.counters.of("refused.crowded")).toBe(2);
});

test("JOINS_MAX: of requests to join that wait for an answer only so many are held, and the rest is told so", async () => {
  node = new Party(identityOf(2n));
  await node.listen();
  let asked = 0;
  const { promise: full, resolve } = Promise.withResolvers<void>();
  node.onJoin = () => {
    if (++asked === JOINS_MAX) resolve();
    return new Promise(() => {});
  };
  const hello = encodeHello({
    type: "Join",
    versions: PEER_VERSIONS,
    nonce: 5n,
    name: "d",
    peerAddress: "127.0.0.1:4",
    clientAddresses: ["x:1"],
  });
  for (let i = 0; i < JOINS_MAX; i++) (await knock()).write(hello);
  await full;
  const late = await knock();
  let said = "";
  late.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  late.write(hello);
  await once(late, "close");
  expect(said).toContain("too many nodes are joining");
  expect(asked).toBe(JOINS_MAX);
});
