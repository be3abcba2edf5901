import { type Bytes, frameSum, type Lane, type NodeId, PeerLink } from "@quorate/kernel/core";
import type { Agenda } from "./agenda.ts";
import type { Dice } from "./dice.ts";
import { Slab } from "./slab.ts";
import type { Trace } from "./trace.ts";
import { type Connection, type Station, Wire } from "./wire.ts";

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
  /** Who is there, each with the wires from it. A handful: maps hash a big integer at every look. */
  readonly #outlets: { readonly station: Station; readonly wires: Wire[] }[] = [];
  readonly #slab = new Slab();
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
    const outward: Wire[] = [];
    for (const { station: other, wires } of this.#outlets) {
      const [out, back] = [new Wire(station, other), new Wire(other, station)];
      out.join(back);
      outward.push(out);
      wires.push(back);
    }
    this.#outlets.push({ station, wires: outward });
  }

  /** Cuts one direction until the returned function is called. Nobody is told: that is what makes partitions hard. */
  cut(from: NodeId, to: NodeId): () => void {
    return this.#wire(from, to).cut();
  }

  /** All directions carry again, at once and as fast as ever. */
  heal(): void {
    for (const wire of this.#all()) {
      wire.heal();
      this.#unclog(wire);
    }
  }

  get isWhole(): boolean {
    for (const wire of this.#all()) if (!wire.isWhole) return false;
    return true;
  }

  /** Does anything get through in this direction now, however late? */
  carries(from: NodeId, to: NodeId): boolean {
    const wire = this.#wire(from, to);
    return wire.cuts === 0 && wire.held === null;
  }

  /** Frames in this direction take so much longer, until it is called with 0. */
  slow(from: NodeId, to: NodeId, micros: number): void {
    this.#wire(from, to).slowMicros = micros;
  }

  /** Nothing arrives in this direction until the returned function is called; then everything does. */
  clog(from: NodeId, to: NodeId): () => void {
    const wire = this.#wire(from, to);
    wire.held ??= [];
    return () => this.#unclog(wire);
  }

  /** A node came up: it is connected to everybody who is up too. Whoever still believed in its earlier life learns better. */
  arrived(id: NodeId): void {
    for (const wire of this.#from(id)) if (wire.connection?.dead === true) this.#forget(wire);
    for (const wire of this.#from(id)) this.#dial(wire);
  }

  /**
   * A node went down: its connections are reset, and its peers see that where the wire still carries it. Silently: the
   * machine is gone, and its peers keep half of a connection.
   */
  departed(id: NodeId, silently = false): void {
    for (const wire of this.#from(id)) {
      if (wire.connection === null) continue;
      if (silently) wire.connection.dead = true;
      else this.#forget(wire);
    }
  }

  send(from: NodeId, to: NodeId, lane: Lane, parts: readonly Bytes[]): void {
    this.counts.sent++;
    const wire = this.#find(from, to);
    if (wire === null || wire.connection === null || wire.link === null) return;
    const frame = this.#framed(wire.link, lane, parts);
    if (wire.cuts > 0) {
      this.counts.cut++;
      return;
    }
    if (this.#dice.chance(this.faults.lossPerMille)) {
      this.counts.lost++;
      return;
    }
    this.#carry(wire, wire.connection, frame);
    if (!this.#dice.chance(this.faults.duplicatePerMille)) return;
    this.counts.duplicated++;
    this.#carry(wire, wire.connection, this.#slab.copy(frame));
  }

  /** Goes into the trace as the checksum that it carries; bare, byte by byte. */
  #framed(link: PeerLink, lane: Lane, parts: readonly Bytes[]): Bytes {
    if (this.faults.mode === "bare") {
      const frame = this.#slab.join(null, parts);
      this.#trace.bytes(frame);
      return frame;
    }
    const head = link.seal(lane, parts);
    this.#trace.sum(frameSum(head));
    return this.#slab.join(head, parts);
  }

  #wire(from: NodeId, to: NodeId): Wire {
    const wire = this.#find(from, to);
    if (wire === null) throw new RangeError(`no wire from ${from} to ${to}`);
    return wire;
  }

  #find(from: NodeId, to: NodeId): Wire | null {
    for (const wire of this.#from(from)) if (wire.to.id === to) return wire;
    return null;
  }

  #from(id: NodeId): readonly Wire[] {
    for (const { station, wires } of this.#outlets) if (station.id === id) return wires;
    return [];
  }

  *#all(): Generator<Wire> {
    for (const { wires } of this.#outlets) yield* wires;
  }

  /** The sender of this wire is gone; whoever is at its other end is told, if the wire carries it. */
  #forget(wire: Wire): void {
    this.#disconnect(wire);
    if (wire.cuts === 0) this.#agenda.after(this.#delay(), () => wire.to.link(wire.from.id, false));
  }

  #disconnect(wire: Wire): void {
    if (wire.connection !== null) wire.connection.open = false;
    for (const one of [wire, wire.back]) {
      one.connection = null;
      one.link = null;
    }
  }

  #carry(wire: Wire, connection: Connection, frame: Bytes): void {
    const { length } = frame;
    if (wire.bytesUnderWay + length > this.faults.queueBytesMax) {
      this.counts.overflowed++;
      return;
    }
    wire.bytesUnderWay += length;
    const { from, to } = wire;
    const { recorder, hash } = this.#trace;
    const stamp = recorder?.sent(this.#agenda.now, from.name, to.name, length, hash) ?? null;
    const arrive = (): void => {
      wire.bytesUnderWay -= length;
      if (this.#arrive(wire, connection, frame) && stamp !== null) {
        const sender = { name: from.name, stamp };
        recorder?.received(this.#agenda.now, to.name, sender, this.#trace.hash);
      }
    };
    this.#alter(frame);
    if (wire.held === null) this.#agenda.at(this.#arrivalOn(wire), arrive);
    else {
      this.counts.clogged++;
      wire.held.push(arrive);
    }
  }

  #arrivalOn(wire: Wire): number {
    if (wire.slowMicros > 0) this.counts.slowed++;
    const natural = this.#agenda.now + this.#delay() + wire.slowMicros;
    if (this.#dice.chance(this.faults.reorderPerMille)) {
      this.counts.reordered++;
      return natural + this.#dice.below(OTHER_DELAY_MICROS);
    }
    wire.lastArrival = Math.max(natural, wire.lastArrival);
    return wire.lastArrival;
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

  #unclog(wire: Wire): void {
    const held = wire.held ?? [];
    wire.held = null;
    for (const arrive of held) this.#agenda.at(this.#arrivalOn(wire), arrive);
  }

  /** True where the frame was taken in. */
  #arrive(wire: Wire, connection: Connection, frame: Bytes): boolean {
    const { from, to } = wire;
    if (!connection.open || connection.dead || to.start === null) return false;
    if (wire.cuts > 0) {
      this.counts.cut++;
      return false;
    }
    if (this.faults.mode === "bare") {
      to.receive(from.id, frame);
      return true;
    }
    const opened = wire.back.link?.open(frame);
    if (opened === undefined) return false;
    if (opened.type === "frame") {
      to.receive(from.id, opened.payload);
      return true;
    }
    this.counts.dropped++;
    this.drops.set(opened.reason, (this.drops.get(opened.reason) ?? 0) + 1);
    if (opened.close) this.#close(wire);
    return false;
  }

  #close(wire: Wire): void {
    this.counts.closed++;
    this.#disconnect(wire);
    wire.from.link(wire.to.id, false);
    wire.to.link(wire.from.id, false);
    this.#agenda.after(REDIAL_MICROS, () => this.#dial(wire));
  }

  #dial(wire: Wire): void {
    const { from, to } = wire;
    if (from.start === null || to.start === null || wire.connection !== null) return;
    const { back } = wire;
    if (wire.cuts > 0 || back.cuts > 0) {
      this.#agenda.after(REDIAL_MICROS, () => this.#dial(wire));
      return;
    }
    const connection = { open: true, dead: false };
    wire.connection = connection;
    back.connection = connection;
    wire.link = new PeerLink(from.start, to.start);
    back.link = new PeerLink(to.start, from.start);
    from.link(to.id, true);
    to.link(from.id, true);
  }

  #delay(): number {
    return this.#dice.between(this.faults.delayMicrosMin, this.faults.delayMicrosMax);
  }
}
