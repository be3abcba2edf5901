import { type NodeId, requestId } from "@quorate/kernel/core";
import type { Flight, Stepper } from "../stepper/index.ts";
import { Dice } from "../world/dice.ts";
import { settled, type Way } from "./ways.ts";

/** Simulated milliseconds from a proposal until the one that orders may answer it. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
}

const WRITES = 100;
/** From one write to the next: whoever is slow has caught up by then. */
const GAP_MILLIS = 200;
/** Of a message, each drawn. */
const FLIGHT_MILLIS = { min: 1, max: 3 };
/** What a message to or from the slow member takes longer: a round trip, 50 ms. */
const SLOW_MILLIS = 25;
/** A write that is not committed by then never will be. */
const WRITE_MILLIS_MAX = 5000;
const SEED = 26n;

/** Runs a way with a network that takes time, every member alike or one of the others slow. Disks write at once. */
export function latenciesOf(way: Way, size: number, oneIsSlow: boolean): Latencies {
  const { net, members, leader } = settled(way, way.protocol, size);
  const others = members.filter((member) => member !== leader);
  const slow = oneIsSlow ? (others[others.length - 1] ?? null) : null;
  const timed = new TimedNet(net, members, slow);
  const millis: number[] = [];
  for (let i = 1; i <= WRITES; i++) {
    const [began, before] = [net.now.ticks, net.appliedOf(leader).length];
    const id = requestId(i);
    net.input(leader, { type: "Propose", commands: [{ id, command: new Uint8Array(1) }] });
    // Nobody is elected meanwhile, so what is applied is this write.
    const isDone = (): boolean => net.appliedOf(leader).length > before;
    timed.run(began + WRITE_MILLIS_MAX, isDone);
    if (!isDone()) throw new RangeError(`${way.name}: a write is not committed`);
    millis.push(net.now.ticks - began);
    timed.run(net.now.ticks + GAP_MILLIS, () => false);
  }
  millis.sort((a, b) => a - b);
  const at = (percent: number): number => millis[Math.ceil((WRITES * percent) / 100) - 1] ?? 0;
  return { p50: at(50), p99: at(99) };
}

interface Due {
  readonly flight: Flight<never>;
  readonly at: number;
}

/** Messages take time, and keep their order on each link, as on a connection. */
class TimedNet {
  readonly #net: Stepper<never, never>;
  readonly #members: readonly NodeId[];
  readonly #slow: NodeId | null;
  readonly #dice = new Dice(SEED);
  readonly #lastOf = new Map<string, number>();
  #due: Due[] = [];

  constructor(net: Stepper<never, never>, members: readonly NodeId[], slow: NodeId | null) {
    this.#net = net;
    this.#members = members;
    this.#slow = slow;
  }

  /** Time goes on to `until`, or stands where `isDone` first holds. */
  run(until: number, isDone: () => boolean): void {
    for (this.#takeOff(); !isDone(); this.#takeOff()) {
      const [first] = this.#due;
      const alarm = this.#nextAlarm();
      const next = Math.min(first?.at ?? until, alarm?.at ?? until);
      if (next >= until) {
        this.#passTo(until);
        return;
      }
      this.#passTo(next);
      if (first !== undefined && first.at <= next) {
        this.#due.shift();
        this.#net.arrive(first.flight);
      } else if (alarm !== null) this.#net.wake(alarm.member);
    }
  }

  #passTo(millis: number): void {
    this.#net.pass(Math.max(0, millis - this.#net.now.ticks));
  }

  /** What was sent since the last look is on its way from now on. */
  #takeOff(): void {
    const { flights, now } = this.#net;
    if (flights.length === 0) return;
    for (const flight of flights) {
      const link = `${flight.from}>${flight.to}`;
      const isSlow = flight.from === this.#slow || flight.to === this.#slow;
      const takes =
        this.#dice.between(FLIGHT_MILLIS.min, FLIGHT_MILLIS.max) + (isSlow ? SLOW_MILLIS : 0);
      const at = Math.max(now.ticks + takes, this.#lastOf.get(link) ?? 0);
      this.#lastOf.set(link, at);
      this.#due.push({ flight, at });
    }
    this.#net.lose();
    // Stable: what is due at the same time arrives in the order in which it was sent.
    this.#due.sort((a, b) => a.at - b.at);
  }

  #nextAlarm(): { readonly member: NodeId; readonly at: number } | null {
    let best: { readonly member: NodeId; readonly at: number } | null = null;
    for (const member of this.#members) {
      const at = this.#net.wakeAt(member);
      if (at !== null && (best === null || at < best.at)) best = { member, at };
    }
    return best;
  }
}
