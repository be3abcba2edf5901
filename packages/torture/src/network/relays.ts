import type { Cleanup } from "../cleanup.ts";
import { dialerOf } from "./dialer.ts";
import type { Impairment, Lift, Link, Network } from "./network.ts";
import { Direction, Relay } from "./relay.ts";

/** Why relays cannot do here; null where they can. */
export const relaysMissing = (): string | null =>
  process.platform === "linux" ? null : "relays tell who dials by /proc, which only Linux has";

/** All members on loopback, each behind a relay that the others dial. */
export class Relays implements Network {
  readonly kind = "relays";
  readonly #ports: readonly number[];
  readonly #directions = new Map<string, Direction>();

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  /** `ports` are three for each member; `pidOf` says which process a member is now. */
  static async open(
    members: number,
    ports: readonly number[],
    pidOf: (index: number) => number | null,
    cleanup: Cleanup,
  ): Promise<Relays> {
    const network = new Relays(ports);
    for (let member = 0; member < members; member++) {
      const [peer = 0, advertised = 0] = network.#portsOf(member).slice(1);
      const relay = new Relay(member, peer, {
        dialer: (port) =>
          dialerOf(
            port,
            advertised,
            Array.from({ length: members }, (_, i) => pidOf(i)),
          ),
        direction: (from, to) => network.#direction(from, to),
      });
      await relay.listen(advertised);
      cleanup.add("relay", () => relay.close());
    }
    return network;
  }

  placeOf(index: number) {
    const [client, peer, advertisedPeer] = this.#portsOf(index).map((port) => `127.0.0.1:${port}`);
    return { client: client ?? "", peer: peer ?? "", advertisedPeer: advertisedPeer ?? "" };
  }

  prefixOf(): readonly string[] {
    return [];
  }

  lacks(type: Impairment["type"]): string | null {
    if (type === "drop" || type === "limit" || type === "delay") return null;
    return "relays carry streams, which lose, repeat and reorder nothing";
  }

  impair(links: readonly Link[], impairment: Impairment): Promise<Lift> {
    const directions = links.map(({ from, to }) => this.#direction(from, to));
    const before = hitsOf(directions);
    for (const direction of directions) direction.lay(impairment);
    return Promise.resolve(() => {
      for (const direction of directions) direction.lift(impairment);
      return Promise.resolve(hitsOf(directions) - before);
    });
  }

  #portsOf(index: number): readonly number[] {
    return this.#ports.slice(3 * index, 3 * index + 3);
  }

  #direction(from: number, to: number): Direction {
    const name = `${from}>${to}`;
    const known = this.#directions.get(name) ?? new Direction();
    this.#directions.set(name, known);
    return known;
  }
}

const hitsOf = (directions: readonly Direction[]): number =>
  directions.reduce((sum, { hits }) => sum + hits, 0);
