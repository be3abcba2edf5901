import type { Hello, PeerHello, StartId } from "@quorate/kernel/core";
import { Greeting } from "./greeting.ts";
import { dialPeer, type PeerTls } from "./sockets.ts";

/**
 * Two processes with one node id, as when a data directory was copied and both are started: each would vote and
 * acknowledge in the other's name. A start id tells lives apart but not which came first, and a life that ended without
 * a word looks like one that is silent. So nobody is called a twin before both have been heard alive, and then the
 * one that came later has to go (docs/decisions/0007).
 */

/** How a refusal begins whose caller has to stop; where its twin is follows. */
const TWIN_LIVES = "quorate: another process with this node's id is alive";

export const twinRefusal = (where: string): string => `${TWIN_LIVES} at ${where}`;

/** Where the twin is that a refusal speaks of; null if it speaks of none. */
export const twinIn = (refusal: Hello): string | null =>
  refusal.type === "Refused" && refusal.reason.startsWith(TWIN_LIVES)
    ? refusal.reason.slice(TWIN_LIVES.length + " at ".length)
    : null;

/** Why this node stops, in words for whoever started it. */
export const twinReason = (where: string): string =>
  `another node with this id is running at ${where}: this directory is a copy of one in use, or was moved before the ` +
  "original was stopped. Stop that one first, or start this one on an empty --data-dir with --join";

/** Whether a process of the same node and another life answers at `address` in time. Never rejects. */
export function isLivedAt(
  address: string,
  mine: PeerHello,
  tls: PeerTls | null,
  waitMillis: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    let socket: ReturnType<typeof dialPeer>;
    try {
      socket = dialPeer(address, tls, () => greeting.send(mine));
    } catch {
      // An address that cannot be dialled is nobody's.
      return resolve(false);
    }
    const timer = setTimeout(() => greeting.abandon(`no answer in ${waitMillis} ms`), waitMillis);
    const greeting: Greeting = new Greeting(socket, 0, (greeted) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(greeted.type === "hello" && isTwin(mine, greeted.hello));
    });
  });
}

/** Whether this hello says this very node's id, in whatever life. */
export const isOwn = (mine: PeerHello, theirs: Hello): theirs is PeerHello =>
  theirs.type === "Peer" && theirs.cluster === mine.cluster && theirs.node === mine.node;

/** Whether this is the hello of another life of this very node. */
export const isTwin = (mine: PeerHello, theirs: Hello): boolean =>
  isOwn(mine, theirs) && theirs.start !== mine.start;

/** What the peer in the middle makes of two lives of one node. */
export type Verdict =
  /** The one that was linked may be dead and not know: the one that calls is to ask again. */
  | "open"
  /** It was heard of long after the other called: both live. */
  | "twins"
  /** It has been silent for longer than a life can be: the one that calls has followed it. */
  | "successor";

/**
 * A node that has a link in one life calls in another. Frames of a dead life may still be under way, but not for
 * `keepAliveMillis`; and a life that is idle says so that often, so that thrice as long without a word is its end.
 */
export class Contest {
  readonly caller: StartId;
  readonly #since: number;

  constructor(caller: StartId, now: number) {
    this.caller = caller;
    this.#since = now;
  }

  /** `heardAt`: when the linked life's last frame came. */
  verdict(heardAt: number, now: number, keepAliveMillis: number): Verdict {
    if (heardAt - this.#since >= keepAliveMillis) return "twins";
    return now - this.#since >= 3 * keepAliveMillis ? "successor" : "open";
  }
}
