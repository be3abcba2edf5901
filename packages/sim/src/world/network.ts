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
import type { Stamp } from "./recorder.ts";
import type { Trace } from "./trace.ts";

/** What the network does to frames. */
export interface NetworkFaults {
  readonly delayMicrosMin: number;
  readonly delayMicrosMax: number;
  /** Of a thousand frames. */
  readonly lossPerMille: number;
  readonly duplicatePerMille: number;
  readonly reorderPerMille: number;
  readonly flipPerMille: number;
  /** Frames of which a stretch is replaced, or the end is missing. */
  readonly garblePerMille: number;
  /** Bytes under way in one direction; what is sent beyond it is lost, as by a full queue. */
  readonly queueBytesMax: number;
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
  garblePerMille: 0,
  queueBytesMax: 64 << 20,
  mode: "links",
};

/** A node as the network sees it: someone who may be there, in some life. */
export interface Station {
  readonly id: NodeId;
  readonly name: string;
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
  /** One end is gone and the other was not told. */
  dead: boolean;
}

/** How long until a closed connection is dialled again. */
const REDIAL_MICROS = 20_000;
const OTHER_DELAY_MICROS = 30_000;

/** Frames between nodes: delayed, lost, repeated, reordered, altered; pairs cut in one direction or both. */
export class Network {
  /** As it is at present, and as it is when no episode makes it worse. */
  faults: NetworkFaults;
  readonly usual: NetworkFaults;
  readonly #agenda: Agenda;
  readonly #dice: Dice;
  readonly #stations = new Map<NodeId, Station>();
  readonly #connections = new Map<string, Connection>();
  /** Directions that are cut, and by how many faults: "from>to". */
  readonly #cut = new Map<string, number>();
  /** Directions in which frames take so much longer. */
  readonly #slow = new Map<string, number>();
  /** Directions that are clogged, and the frames that wait. */
  readonly #clogged = new Map<string, (() => void)[]>();
  readonly #underWay = new Map<string, number>();
  /** When the last frame in a direction arrives: a stream does not overtake itself. */
  readonly #lastArrival = new Map<string, number>();
  readonly counts = {
    sent: 0,
    lost: 0,
    cut: 0,
    slowed: 0,
    clogged: 0,
    overflowed: 0,
    duplicated: 0,
    reordered: 0,
    altered: 0,
    dropped: 0,
    closed: 0,
  };
  /** Frames that a link refused, by reason. */
  readonly drops = new Map<string, number>();

  readonly #trace: Trace;

  constructor(agenda: Agenda, dice: Dice, faults: NetworkFaults, trace: Trace) {
    this.#trace = trace;
    this.#agenda = agenda;
    this.#dice = dice;
    this.faults = faults;
    this.usual = faults;
  }

  add(station: Station): void {
    this.#stations.set(station.id, station);
  }

  /** Cuts one direction until the returned function is called. Nobody is told: that is what makes partitions hard. */
  cut(from: NodeId, to: NodeId): () => void {
    const direction = directionOf(from, to);
    this.#cut.set(direction, (this.#cut.get(direction) ?? 0) + 1);
    let ended = false;
    return () => {
      const count = this.#cut.get(direction) ?? 0;
      if (ended || count === 0) return;
      ended = true;
      if (count === 1) this.#cut.delete(direction);
      else this.#cut.set(direction, count - 1);
    };
  }

  /** All directions carry again, at once and as fast as ever. */
  heal(): void {
    this.#cut.clear();
    this.#slow.clear();
    for (const direction of this.#clogged.keys()) this.#unclog(direction);
  }

  get isWhole(): boolean {
    return this.#cut.size === 0 && this.#slow.size === 0 && this.#clogged.size === 0;
  }

  /** Frames in this direction take so much longer, until it is called with 0. */
  slow(from: NodeId, to: NodeId, micros: number): void {
    if (micros === 0) this.#slow.delete(directionOf(from, to));
    else this.#slow.set(directionOf(from, to), micros);
  }

  /** Nothing arrives in this direction until the returned function is called; then everything does. */
  clog(from: NodeId, to: NodeId): () => void {
    const direction = directionOf(from, to);
    if (!this.#clogged.has(direction)) this.#clogged.set(direction, []);
    return () => this.#unclog(direction);
  }

  /** A node came up: it is connected to everybody who is up too. Whoever still believed in its earlier life learns better. */
  arrived(id: NodeId): void {
    for (const connection of this.#connections.values())
      if (connection.dead && (connection.a.id === id || connection.b.id === id))
        this.#forget(connection, id);
    for (const other of this.#stations.keys()) if (other !== id) this.#dial(id, other);
  }

  /**
   * A node went down: its connections are reset, and its peers see that where the wire still carries it. Silently: the
   * machine is gone, and its peers keep half of a connection.
   */
  departed(id: NodeId, silently = false): void {
    for (const connection of this.#connections.values()) {
      if (connection.a.id !== id && connection.b.id !== id) continue;
      if (silently) connection.dead = true;
      else this.#forget(connection, id);
    }
  }

  #forget(connection: Connection, gone: NodeId): void {
    connection.open = false;
    this.#connections.delete(pairOf(connection.a.id, connection.b.id));
    const other = connection.a.id === gone ? connection.b : connection.a;
    if (!this.#cut.has(directionOf(gone, other.id)))
      this.#agenda.after(this.#delay(), () => other.link(gone, false));
  }

  send(from: NodeId, to: NodeId, lane: Lane, parts: readonly Bytes[]): void {
    this.counts.sent++;
    const connection = this.#connections.get(pairOf(from, to));
    const link = connection?.ends.get(from);
    if (connection === undefined || link === undefined || !connection.open) return;
    const frame =
      this.faults.mode === "links" ? concat([link.seal(lane, parts), ...parts]) : concat(parts);
    const direction = directionOf(from, to);
    if (this.#cut.has(direction)) {
      this.counts.cut++;
      return;
    }
    if (this.#dice.chance(this.faults.lossPerMille)) {
      this.counts.lost++;
      return;
    }
    this.#carry(connection, from, to, frame);
    if (!this.#dice.chance(this.faults.duplicatePerMille)) return;
    this.counts.duplicated++;
    this.#carry(connection, from, to, frame.slice());
  }

  #carry(connection: Connection, from: NodeId, to: NodeId, frame: Bytes): void {
    const direction = directionOf(from, to);
    const queued = this.#underWay.get(direction) ?? 0;
    if (queued + frame.length > this.faults.queueBytesMax) {
      this.counts.overflowed++;
      return;
    }
    this.#underWay.set(direction, queued + frame.length);
    const length = frame.length;
    const stamp = this.#sent(from, to, length);
    const arrive = (): void => {
      this.#underWay.set(direction, (this.#underWay.get(direction) ?? 0) - length);
      if (this.#arrive(connection, from, to, frame) && stamp !== null)
        this.#trace.recorder?.received(
          this.#agenda.now,
          this.#nameOf(to),
          { name: this.#nameOf(from), stamp },
          this.#trace.hash,
        );
    };
    this.#alter(frame);
    const held = this.#clogged.get(direction);
    if (held === undefined) this.#agenda.at(this.#arrivalOf(direction), arrive);
    else {
      this.counts.clogged++;
      held.push(arrive);
    }
  }

  #sent(from: NodeId, to: NodeId, bytes: number): Stamp | null {
    const { recorder, hash } = this.#trace;
    const [a, b] = [this.#nameOf(from), this.#nameOf(to)];
    return recorder?.sent(this.#agenda.now, a, b, bytes, hash) ?? null;
  }

  #nameOf(id: NodeId): string {
    return this.#stations.get(id)?.name ?? String(id);
  }

  /** A stream does not overtake itself, unless the dice say so. */
  #arrivalOf(direction: string): number {
    const slowness = this.#slow.get(direction) ?? 0;
    if (slowness > 0) this.counts.slowed++;
    const natural = this.#agenda.now + this.#delay() + slowness;
    if (this.#dice.chance(this.faults.reorderPerMille)) {
      this.counts.reordered++;
      return natural + this.#dice.below(OTHER_DELAY_MICROS);
    }
    const arrival = Math.max(natural, this.#lastArrival.get(direction) ?? 0);
    this.#lastArrival.set(direction, arrival);
    return arrival;
  }

  /** Only links can tell: what reaches the kernel bare was checked before. */
  #alter(frame: Bytes): void {
    if (this.faults.mode === "bare" || frame.length === 0) return;
    if (this.#dice.chance(this.faults.flipPerMille)) {
      const at = this.#dice.below(frame.length);
      frame[at] = (frame[at] ?? 0) ^ (1 << this.#dice.below(8));
      this.counts.altered++;
    }
    if (this.#dice.chance(this.faults.garblePerMille)) {
      const from = this.#dice.below(frame.length);
      const to = Math.min(frame.length, from + 1 + this.#dice.below(64));
      for (let at = from; at < to; at++) frame[at] = this.#dice.below(256);
      this.counts.altered++;
    }
  }

  #unclog(direction: string): void {
    const held = this.#clogged.get(direction) ?? [];
    this.#clogged.delete(direction);
    for (const arrive of held) this.#agenda.at(this.#arrivalOf(direction), arrive);
  }

  /** True where the frame was taken in. */
  #arrive(connection: Connection, from: NodeId, to: NodeId, frame: Bytes): boolean {
    const receiver = connection.a.id === to ? connection.a : connection.b;
    if (!connection.open || connection.dead || receiver.start === null) return false;
    if (this.#cut.has(directionOf(from, to))) {
      this.counts.cut++;
      return false;
    }
    if (this.faults.mode === "bare") {
      receiver.receive(from, frame);
      return true;
    }
    const opened = connection.ends.get(to)?.open(frame);
    if (opened === undefined) return false;
    if (opened.type === "frame") {
      receiver.receive(from, opened.payload);
      return true;
    }
    this.counts.dropped++;
    this.drops.set(opened.reason, (this.drops.get(opened.reason) ?? 0) + 1);
    if (opened.close) this.#close(connection);
    return false;
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
    if (this.#cut.has(directionOf(from, to)) || this.#cut.has(directionOf(to, from))) {
      this.#agenda.after(REDIAL_MICROS, () => this.#dial(from, to));
      return;
    }
    const ends = new Map([
      [a.id, new PeerLink(a.start, b.start)],
      [b.id, new PeerLink(b.start, a.start)],
    ]);
    this.#connections.set(pairOf(from, to), { a, b, ends, open: true, dead: false });
    a.link(b.id, true);
    b.link(a.id, true);
  }

  #delay(): number {
    return this.#dice.between(this.faults.delayMicrosMin, this.faults.delayMicrosMax);
  }
}

const directionOf = (from: NodeId, to: NodeId): string => `${from}>${to}`;

const pairOf = (a: NodeId, b: NodeId): string => (a < b ? `${a}-${b}` : `${b}-${a}`);
