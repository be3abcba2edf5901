import {
  type Bytes,
  concat,
  type Lane,
  type NodeId,
  PeerLink,
  type StartId,
} from "@quorate/kernel/core";
import type { Agenda } from "./agenda.ts";
import type { Dice } from "./dice.ts";

/** What the network does to frames. */
export interface NetworkFaults {
  readonly delayMicrosMin: number;
  readonly delayMicrosMax: number;
  /** Of a thousand frames. */
  readonly lossPerMille: number;
  readonly duplicatePerMille: number;
  readonly reorderPerMille: number;
  readonly flipPerMille: number;
  /**
   * `links`: frames pass through the links of the real transport, which turn most of these faults into a closed connection.
   * `bare`: payloads reach the kernel lost, repeated and out of order, which it must bear too (A6).
   */
  readonly mode: "links" | "bare";
}

export const CALM_NETWORK: NetworkFaults = {
  delayMicrosMin: 100,
  delayMicrosMax: 900,
  lossPerMille: 0,
  duplicatePerMille: 0,
  reorderPerMille: 0,
  flipPerMille: 0,
  mode: "links",
};

/** A node as the network sees it: someone who may be there, in some life. */
export interface Station {
  readonly id: NodeId;
  /** Null while it is down. */
  readonly start: StartId | null;
  receive(from: NodeId, payload: Bytes): void;
  link(peer: NodeId, up: boolean): void;
}

interface Connection {
  readonly a: Station;
  readonly b: Station;
  readonly ends: ReadonlyMap<NodeId, PeerLink>;
  open: boolean;
}

/** How long until a closed connection is dialled again. */
const REDIAL_MICROS = 20_000;
const OTHER_DELAY_MICROS = 30_000;

/** Frames between nodes: delayed, lost, repeated, reordered, altered; pairs cut in one direction or both. */
export class Network {
  faults: NetworkFaults;
  readonly #agenda: Agenda;
  readonly #dice: Dice;
  readonly #stations = new Map<NodeId, Station>();
  readonly #connections = new Map<string, Connection>();
  /** Directions that are cut: "from>to". */
  readonly #cut = new Set<string>();
  /** When the last frame in a direction arrives: a stream does not overtake itself. */
  readonly #lastArrival = new Map<string, number>();
  readonly counts = { sent: 0, lost: 0, dropped: 0, closed: 0 };
  /** Frames that a link refused, by reason. */
  readonly drops = new Map<string, number>();

  constructor(agenda: Agenda, dice: Dice, faults: NetworkFaults) {
    this.#agenda = agenda;
    this.#dice = dice;
    this.faults = faults;
  }

  add(station: Station): void {
    this.#stations.set(station.id, station);
  }

  /** Cuts one direction. Nobody is told: that is what makes partitions hard. */
  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  get isWhole(): boolean {
    return this.#cut.size === 0;
  }

  /** A node came up: it is connected to everybody who is up too. */
  arrived(id: NodeId): void {
    for (const other of this.#stations.keys()) if (other !== id) this.#dial(id, other);
  }

  /** A node went down: its connections are reset, and its peers see that where the wire still carries it. */
  departed(id: NodeId): void {
    for (const [key, connection] of this.#connections) {
      if (connection.a.id !== id && connection.b.id !== id) continue;
      connection.open = false;
      this.#connections.delete(key);
      const other = connection.a.id === id ? connection.b : connection.a;
      if (!this.#cut.has(`${id}>${other.id}`))
        this.#agenda.after(this.#delay(), () => other.link(id, false));
    }
  }

  send(from: NodeId, to: NodeId, lane: Lane, parts: readonly Bytes[]): void {
    this.counts.sent++;
    const connection = this.#connections.get(pairOf(from, to));
    const link = connection?.ends.get(from);
    if (connection === undefined || link === undefined || !connection.open) return;
    const frame =
      this.faults.mode === "links" ? concat([link.seal(lane, parts), ...parts]) : concat(parts);
    if (this.#cut.has(`${from}>${to}`) || this.#dice.chance(this.faults.lossPerMille)) {
      this.counts.lost++;
      return;
    }
    this.#carry(connection, from, to, frame);
    if (this.#dice.chance(this.faults.duplicatePerMille))
      this.#carry(connection, from, to, frame.slice());
  }

  #carry(connection: Connection, from: NodeId, to: NodeId, frame: Bytes): void {
    const direction = `${from}>${to}`;
    const overtakes = this.#dice.chance(this.faults.reorderPerMille);
    const natural =
      this.#agenda.now + this.#delay() + (overtakes ? this.#dice.below(OTHER_DELAY_MICROS) : 0);
    const arrival = overtakes ? natural : Math.max(natural, this.#lastArrival.get(direction) ?? 0);
    if (!overtakes) this.#lastArrival.set(direction, arrival);
    if (this.#dice.chance(this.faults.flipPerMille) && this.faults.mode === "links") {
      const at = this.#dice.below(frame.length);
      frame[at] = (frame[at] ?? 0) ^ (1 << this.#dice.below(8));
    }
    this.#agenda.at(arrival, () => this.#arrive(connection, from, to, frame));
  }

  #arrive(connection: Connection, from: NodeId, to: NodeId, frame: Bytes): void {
    const receiver = connection.a.id === to ? connection.a : connection.b;
    if (!connection.open || receiver.start === null || this.#cut.has(`${from}>${to}`)) return;
    if (this.faults.mode === "bare") {
      receiver.receive(from, frame);
      return;
    }
    const opened = connection.ends.get(to)?.open(frame);
    if (opened === undefined) return;
    if (opened.type === "frame") receiver.receive(from, opened.payload);
    else {
      this.counts.dropped++;
      this.drops.set(opened.reason, (this.drops.get(opened.reason) ?? 0) + 1);
      if (opened.close) this.#close(connection);
    }
  }

  #close(connection: Connection): void {
    if (!connection.open) return;
    this.counts.closed++;
    connection.open = false;
    const { a, b } = connection;
    this.#connections.delete(pairOf(a.id, b.id));
    a.link(b.id, false);
    b.link(a.id, false);
    this.#agenda.after(REDIAL_MICROS, () => this.#dial(a.id, b.id));
  }

  #dial(from: NodeId, to: NodeId): void {
    const [a, b] = [this.#stations.get(from), this.#stations.get(to)];
    if (a === undefined || b === undefined || a.start === null || b.start === null) return;
    if (this.#connections.has(pairOf(from, to))) return;
    if (this.#cut.has(`${from}>${to}`) || this.#cut.has(`${to}>${from}`)) {
      this.#agenda.after(REDIAL_MICROS, () => this.#dial(from, to));
      return;
    }
    const ends = new Map([
      [a.id, new PeerLink(a.start, b.start)],
      [b.id, new PeerLink(b.start, a.start)],
    ]);
    this.#connections.set(pairOf(from, to), { a, b, ends, open: true });
    a.link(b.id, true);
    b.link(a.id, true);
  }

  #delay(): number {
    return this.#dice.between(this.faults.delayMicrosMin, this.faults.delayMicrosMax);
  }
}

const pairOf = (a: NodeId, b: NodeId): string => (a < b ? `${a}-${b}` : `${b}-${a}`);
