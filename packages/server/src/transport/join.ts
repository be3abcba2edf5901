import { type JoinedHello, type JoinHello, PEER_VERSIONS } from "@quorate/kernel/core";
import { Greeting } from "./greeting.ts";
import { dialPeer, type PeerTls } from "./sockets.ts";

/** Why a member did not let this node in, or could not be asked. To ask again, with the same nonce, is harmless. */
export class JoinFailed extends Error {
  override readonly name = "JoinFailed";
}

/** Asks the member at `address` to let this node into its cluster. Rejects with `JoinFailed`. */
export function requestJoin(
  address: string,
  request: Omit<JoinHello, "type" | "versions">,
  tls: PeerTls | null,
  waitMillis: number,
): Promise<JoinedHello> {
  return new Promise((resolve, reject) => {
    const hello: JoinHello = { type: "Join", versions: PEER_VERSIONS, ...request };
    const socket = dialPeer(address, tls, () => greeting.send(hello));
    const timer = setTimeout(() => greeting.abandon(`no answer in ${waitMillis} ms`), waitMillis);
    const greeting: Greeting = new Greeting(socket, 0, (greeted) => {
      clearTimeout(timer);
      socket.destroy();
      if (greeted.type === "hello" && greeted.hello.type === "Joined")
        return resolve(greeted.hello);
      const said = greeted.type === "hello" ? greeted.hello : greeted;
      const why = "reason" in said ? said.reason : "it answered something else";
      reject(new JoinFailed(`${address} did not let this node join: ${why}`));
    });
  });
}
