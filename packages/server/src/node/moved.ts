import { SYSTEM_KEYSPACE, ticks } from "@quorate/kernel/core";
import type { Caller, NodePort } from "../host/index.ts";
import type { ServerOptions } from "./start.ts";

const READ_TICKS = 5000;

/**
 * Says so where this node advertises another peer address than its member has. Allowed, because a member that moves
 * starts like this; but until somebody tells the others they dial its old place. What a start finds on disk may be
 * out of date, so group 0 is read first; where it cannot be read nothing is said.
 */
export function warnIfMoved(
  port: NodePort,
  { name, advertisePeer, log }: Pick<ServerOptions, "name" | "advertisePeer" | "log">,
): void {
  const caller: Caller = {
    onReply: () => {},
    onReadable: () => {
      const { members } = port.status();
      const self = members.find(({ node }) => node === port.identity.node);
      if (self === undefined || self.peerAddress === advertisePeer) return;
      log.warn(
        { known: self.peerAddress, advertised: advertisePeer },
        "the members know this node under another peer address: if it has moved, tell them by " +
          `\`quorate member update ${name} ${advertisePeer}\``,
      );
    },
  };
  port.read(caller, SYSTEM_KEYSPACE, "readIndex", ticks(port.now() + READ_TICKS));
}
