import type net from "node:net";
import {
  type Bytes,
  compareHellos,
  encodeHello,
  type JoinedHello,
  type JoinHello,
  type Lane,
  type NodeId,
  PEER_VERSIONS,
  type PeerHello,
  PeerLink,
  type RefusedHello,
} from "@quorate/kernel/core";
import type { Identity, PeerAddress } from "@quorate/kernel/replica";
import type { Log } from "../host/index.ts";
import { TransportCounters, type TransportEvent } from "./counters.ts";
import { type Greeted, Greeting, sayAndEnd } from "./greeting.ts";
import { TRANSPORT_LIMITS, type TransportLimits } from "./limits.ts";
import { SocketLink } from "./link.ts";
import { addressOf, dialPeer, listenForPeers, type PeerTls } from "./sockets.ts";
import { isLivedAt, isOwn, isTwin, twinIn, twinReason, twinRefusal } from "./twin.ts";

export interface TransportOptions {
  readonly identity: Identity;
  /** host:port; port 0 takes a free one. */
  readonly listen: string;
  readonly tls: PeerTls | null;
  readonly log: Log;
  readonly limits?: Partial<TransportLimits>;
}

export interface TransportListener {
  /** A frame of a peer, believed. The bytes own their memory. */
  onFrame(from: NodeId, payload: Bytes): void;
  onLink(peer: NodeId, up: boolean): void;
  /**
   * A node without identity asks to be let in; to be answered by a deadline of the listener's own. Called with bounded texts, at most
   * `JOINS_MAX` at a time.
   */
  onJoin(request: JoinHello): Promise<JoinedHello | RefusedHello>;
}

/** Requests to join that wait for an answer; one more is refused. */
export const JOINS_MAX = 16;

interface Peer {
  readonly node: NodeId;
  address: string;
  link: SocketLink | null;
  greeting: Greeting | null;
  redial: NodeJS.Timeout | null;
  redialMillis: number;
  /** The last failure that was logged: a peer that stays away is logged once. */
  complaint: string | null;
}

/**
 * The peer port: one link per pair of members, dialled by the lower id, begun anew whenever it ends. A peer that
 * calls again in the same life while its old link seems alive replaces it: the old one is most likely dead and does not
 * know. One that calls in another life has to wait until the old one is known to be over.
 */
export class Transport {
  readonly counters = new TransportCounters();
  readonly #twin = Promise.withResolvers<string>();
  readonly #options: TransportOptions;
  readonly #listener: TransportListener;
  readonly #limits: TransportLimits;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #greetings = new Set<Greeting>();
  /** All that were accepted and are not closed yet. */
  readonly #accepted = new Set<net.Socket>();
  readonly #unflushed = new Set<SocketLink>();
  #calledAt: string | null = null;
  #joining = 0;
  #server: net.Server | null = null;
  #sweeper: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: TransportOptions, listener: TransportListener) {
    this.#options = options;
    this.#listener = listener;
    this.#limits = { ...TRANSPORT_LIMITS, ...options.limits };
  }

  /** Resolves, with words for people, once this node must stop because an earlier process with its id is alive. */
  get twin(): Promise<string> {
    return this.#twin.promise;
  }

  /** Begins to listen; resolves with the address. Rejects if the port is taken. */
  async listen(): Promise<string> {
    const { listen, tls } = this.#options;
    const { helloMillis, greetingsMax, sweepMillis } = this.#limits;
    const server = await listenForPeers(
      listen,
      tls,
      { millis: helloMillis, max: greetingsMax },
      {
        onConnection: (socket) => this.#track(socket),
        onReady: (socket) => this.#accept(socket),
        onUntrusted: (socket, reason) => this.#distrust(socket, reason),
      },
    );
    server.on("error", (error) => {
      this.#options.log.error({ error: error.message }, "the peer port failed");
    });
    this.#server = server;
    this.#sweeper = setInterval(() => this.#sweep(), sweepMillis);
    this.#sweeper.unref();
    return addressOf(server);
  }

  /**
   * Asks at the address under which the members know this node whether another life of it answers there; usually it is
   * itself that does, or nobody. True if there is none; else `twin` resolves too. Ends within `rollCallMillis`.
   */
  async rollCall(address: string): Promise<boolean> {
    this.#calledAt = address;
    const { tls } = this.#options;
    const lived = await isLivedAt(address, this.#hello(), tls, this.#limits.rollCallMillis);
    if (lived) this.#twin.resolve(twinReason(address));
    return !lived;
  }

  /** The members from now on. Links to others are closed; missing ones are dialled where that is up to us. */
  setPeers(peers: readonly PeerAddress[]): void {
    const named = new Map(peers.map(({ node, address }) => [node, address]));
    const own = named.get(this.#options.identity.node);
    // What a start knew of its own address may have been out of date.
    if (own !== undefined && own !== this.#calledAt) void this.rollCall(own);
    named.delete(this.#options.identity.node);
    for (const [node, peer] of this.#peers) if (!named.has(node)) this.#forget(peer);
    for (const [node, address] of named) {
      const known = this.#peers.get(node);
      if (known !== undefined) known.address = address;
      else this.#meet(node, address);
    }
  }

  /** Queues a frame until `flush`; lost and counted if there is no link. */
  send(to: NodeId, lane: Lane, parts: readonly Bytes[]): void {
    const link = this.#peers.get(to)?.link ?? null;
    if (link === null) {
      this.counters.count("unsent.linkDown");
      return;
    }
    link.send(lane, parts);
    this.#unflushed.add(link);
  }

  /** One write per link for all that was sent since the last flush. */
  flush(): void {
    if (this.#unflushed.size === 0) return;
    for (const link of this.#unflushed) link.flush();
    this.#unflushed.clear();
  }

  linked(): readonly NodeId[] {
    return [...this.#peers.values()].filter((peer) => peer.link !== null).map((peer) => peer.node);
  }

  /** Hangs up on everyone and frees the port. No listener is called any more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    for (const peer of this.#peers.values()) this.#forget(peer);
    for (const greeting of this.#greetings) greeting.abandon("the node is closing");
    for (const socket of this.#accepted) socket.destroy();
    const server = this.#server;
    if (server === null) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #meet(node: NodeId, address: string): void {
    const { redialMillisMin: redialMillis } = this.#limits;
    const idle = { link: null, greeting: null, redial: null, complaint: null };
    const peer: Peer = { node, address, redialMillis, ...idle };
    this.#peers.set(node, peer);
    if (this.#options.identity.node < node) this.#dial(peer);
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer.node);
    if (peer.redial !== null) clearTimeout(peer.redial);
    peer.greeting?.abandon("no longer a member");
    peer.link?.close("no longer a member");
  }

  #dial(peer: Peer): void {
    this.counters.count("dials");
    let socket: net.Socket;
    try {
      socket = dialPeer(peer.address, this.#options.tls, () => greeting.send(this.#hello()));
    } catch (error) {
      this.#missed(peer, String(error));
      return;
    }
    const greeting = this.#greet(socket, (greeted) => {
      peer.greeting = null;
      this.#answered(peer, socket, greeted);
    });
    peer.greeting = greeting;
  }

  /** What the peer that we dialled said. */
  #answered(peer: Peer, socket: net.Socket, greeted: Greeted): void {
    if (this.#peers.get(peer.node) !== peer) return void socket.destroy();
    const failure = this.#objection(greeted, peer.node);
    if (failure === null && greeted.type === "hello" && greeted.hello.type === "Peer") {
      this.#connect(peer, socket, greeted.hello, greeted.rest);
      return;
    }
    socket.destroy();
    const twin = greeted.type === "hello" ? twinIn(greeted.hello) : null;
    if (twin !== null) this.#twin.resolve(twinReason(twin));
    this.#missed(peer, failure ?? "it answered with something else than its hello");
  }

  /** Counts and words what is wrong with a hello; null if nothing is. */
  #objection(greeted: Greeted, expected: NodeId | null): string | null {
    if (greeted.type === "gone") return greeted.reason;
    if (greeted.type === "malformed") {
      this.counters.count("refused.malformed");
      return greeted.reason;
    }
    const { hello } = greeted;
    if (hello.type === "Refused") {
      this.counters.count("refused.byPeer");
      return `refused: ${hello.reason}`;
    }
    if (hello.type !== "Peer") return null;
    const compared = compareHellos(this.#hello(), hello, expected);
    if (!("code" in compared)) return null;
    this.counters.count(REFUSALS[compared.code]);
    return compared.text;
  }

  #missed(peer: Peer, reason: string): void {
    this.counters.count("dialFailures");
    if (peer.complaint !== reason) {
      const { node, address } = peer;
      this.#options.log.warn(
        { peer: String(node), address, reason },
        "a peer could not be reached",
      );
      peer.complaint = reason;
    }
    this.#redial(peer);
  }

  #redial(peer: Peer): void {
    if (this.#closed || peer.redial !== null || this.#peers.get(peer.node) !== peer) return;
    // Spread over half the pause, so that a member that restarts is not met by all others at once.
    const wait = peer.redialMillis * (0.5 + Math.random() / 2);
    peer.redialMillis = Math.min(peer.redialMillis * 2, this.#limits.redialMillisMax);
    peer.redial = setTimeout(() => {
      peer.redial = null;
      this.#dial(peer);
    }, wait);
    peer.redial.unref();
  }

  #distrust(socket: net.Socket, reason: string): void {
    this.counters.count("refused.untrusted");
    this.#options.log.warn({ from: socket.remoteAddress, reason }, "a caller's TLS was refused");
  }

  #track(socket: net.Socket): void {
    this.#accepted.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#accepted.delete(socket));
  }

  #accept(socket: net.Socket): void {
    this.counters.count("accepted");
    this.#greet(socket, (greeted) => {
      if (this.#closed || greeted.type === "gone") return void socket.destroy();
      if (greeted.type === "hello" && isOwn(this.#hello(), greeted.hello))
        return this.#answerOwn(socket, greeted.hello);
      const refusal = this.#objection(greeted, null);
      if (refusal !== null || greeted.type !== "hello") return this.#refuse(socket, refusal ?? "");
      if (greeted.hello.type === "Join") this.#join(socket, greeted.hello);
      else if (greeted.hello.type === "Peer") this.#called(socket, greeted.hello, greeted.rest);
      else this.#refuse(socket, "an answer without a question");
    });
  }

  /** Who calls in our name is told that we live: it is ourselves, or one that came later and will stop. */
  #answerOwn(socket: net.Socket, hello: PeerHello): void {
    const mine = this.#hello();
    if (isTwin(mine, hello)) {
      this.counters.count("refused.twin");
      this.#options.log.error(
        { from: socket.remoteAddress, start: String(hello.start) },
        "another process has this node's id, from a copy of its data directory: it is told to stop",
      );
    }
    sayAndEnd(socket, mine);
  }

  /** A node of our cluster calls. */
  #called(socket: net.Socket, hello: PeerHello, rest: Bytes): void {
    const { node } = this.#options.identity;
    const peer = this.#peers.get(hello.node);
    const verdict = peer?.link?.verdict(hello.start) ?? "successor";
    if (peer === undefined) {
      this.counters.count("refused.unknownPeer");
      this.#refuse(socket, `node ${hello.node} is no member that node ${node} knows of`);
    } else if (hello.node > node) {
      this.counters.count("refused.wrongDirection");
      this.#refuse(socket, `node ${node} dials node ${hello.node}, not the other way round`);
    } else if (verdict === "twins") {
      this.counters.count("refused.twin");
      this.#refuse(socket, twinRefusal(peer.link?.remote ?? peer.address));
    } else if (verdict === "open") {
      this.counters.count("refused.contested");
      this.#refuse(socket, `an earlier life of node ${hello.node} may not be over: ask again`);
    } else {
      socket.write(encodeHello(this.#hello()));
      this.#connect(peer, socket, hello, rest);
    }
  }

  #connect(peer: Peer, socket: net.Socket, hello: PeerHello, rest: Bytes): void {
    if (peer.link !== null) {
      this.counters.count("linksReplaced");
      peer.link.close("replaced by a newer connection");
    }
    const seals = new PeerLink(this.#options.identity.start, hello.start);
    const shared = { limits: this.#limits, counters: this.counters };
    const link = new SocketLink(hello, socket, seals, shared, {
      onFrame: (from, payload) => this.#listener.onFrame(from, payload),
      onClosed: (link, reason) => this.#lost(peer, link, reason),
    });
    peer.link = link;
    peer.complaint = null;
    peer.redialMillis = this.#limits.redialMillisMin;
    this.counters.count("linksUp");
    this.#options.log.info({ peer: String(peer.node), start: String(hello.start) }, "link up");
    this.#listener.onLink(peer.node, true);
    link.start(rest);
  }

  #lost(peer: Peer, link: SocketLink, reason: string): void {
    this.#unflushed.delete(link);
    if (peer.link !== link) return;
    peer.link = null;
    this.counters.count("linksDown");
    if (this.#closed) return;
    this.#options.log.info({ peer: String(peer.node), reason }, "link down");
    this.#listener.onLink(peer.node, false);
    if (this.#options.identity.node < peer.node) this.#redial(peer);
  }

  #join(socket: net.Socket, request: JoinHello): void {
    this.counters.count("joins");
    if (this.#joining >= JOINS_MAX) {
      this.#refuse(socket, "too many nodes are joining: try again");
      return;
    }
    this.#joining++;
    this.#listener
      .onJoin(request)
      .then(
        (answer) => sayAndEnd(socket, answer),
        (error) => this.#refuse(socket, String(error)),
      )
      .finally(() => this.#joining--);
  }

  #refuse(socket: net.Socket, reason: string): void {
    this.#options.log.warn({ from: socket.remoteAddress, reason }, "a caller was refused");
    sayAndEnd(socket, { type: "Refused", versions: PEER_VERSIONS, reason });
  }

  #greet(socket: net.Socket, done: (greeted: Greeted) => void): Greeting {
    const [oldest] = this.#greetings;
    if (oldest !== undefined && this.#greetings.size >= this.#limits.greetingsMax) {
      this.counters.count("refused.crowded");
      oldest.abandon("too many connections without a hello");
    }
    const deadline = performance.now() + this.#limits.helloMillis;
    const greeting: Greeting = new Greeting(socket, deadline, (greeted) => {
      this.#greetings.delete(greeting);
      done(greeted);
    });
    this.#greetings.add(greeting);
    return greeting;
  }

  #sweep(): void {
    const now = performance.now();
    for (const greeting of this.#greetings) {
      if (now < greeting.deadline) break;
      this.counters.count("refused.deadline");
      greeting.abandon("it did not say hello in time");
    }
    for (const peer of this.#peers.values()) peer.link?.sweep(now);
  }

  #hello(): PeerHello {
    const { cluster, node, start } = this.#options.identity;
    return { type: "Peer", versions: PEER_VERSIONS, cluster, node, start, features: 0n };
  }
}

const REFUSALS = {
  WrongCluster: "refused.wrongCluster",
  WrongNode: "refused.wrongNode",
  NoCommonVersion: "refused.noCommonVersion",
} as const satisfies Record<string, TransportEvent>;
