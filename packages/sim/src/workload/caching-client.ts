import {
  DEFAULT_HOLDER_SETTINGS,
  DEFAULT_KEYSPACE,
  type HolderInput,
  type HolderMessage,
  type HolderSettings,
  holderWakeAt,
  type IssuerMessage,
  type LeaseHolder,
  type Machine,
  type NodeId,
  type Now,
  type Outcome,
  type RequestId,
  requestId,
  type StartId,
  startHolder,
  startId,
  stepHolder,
  ticks,
} from "@quorate/kernel/core";
import { EtcdMachine } from "@quorate/kernel/etcd";
import type { NodeOptions } from "@quorate/kernel/replica";
import { NodeClock } from "../world/clock.ts";
import type { Dice } from "../world/dice.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import { readKey } from "./clients.ts";

/** What a client with a cache has read, and whether it asked nobody for it. */
export interface CachedRead {
  readonly key: string;
  readonly value: string | null;
  readonly called: number;
  readonly cached: boolean;
}

type Data = Extract<IssuerMessage<string>, { readonly type: "Data" }>;

/** A read that is not answered so long fails, and the client asks another node. */
const READ_TICKS_MAX = 600;
/** Clocks of clients run wrong by as much as those of nodes. */
const SKEW_PER_MILLE = 40;
/** Of a thousand messages. */
const LOST_PER_MILLE = 10;

/** The node whose leases a client has, in the life in which it reached it. */
interface Connection {
  readonly node: SimNode;
  readonly start: StartId;
  readonly holder: RequestId;
}

/**
 * A client that keeps what it has leases on. Its messages overtake each other and get lost, its clock is its own, it stands still at
 * times, or is out of reach; it asks whoever leads.
 */
export class CachingClient {
  readonly clock: NodeClock;
  readonly #world: World;
  readonly #dice: Dice;
  readonly #settings: HolderSettings;
  readonly #delayMicrosMax: number;
  readonly #onRead: (read: CachedRead | null) => void;
  readonly #holders = new Map<string, LeaseHolder<string>>();
  #asking: { readonly id: RequestId; readonly key: string; readonly called: number } | null = null;
  #connection: Connection | null = null;
  #next: NodeId | null = null;
  #lives = 0n;
  #reads = 0;
  #pausedUntil = 0;
  #pauseAsking = 0;
  #cutUntil = 0;

  constructor(
    world: World,
    dice: Dice,
    { drift, rules }: NodeOptions["cache"],
    delayMicrosMax: number,
    onRead: (read: CachedRead | null) => void,
  ) {
    this.#world = world;
    this.#dice = dice;
    this.#settings = { ...DEFAULT_HOLDER_SETTINGS, drift, rules, readTicksMax: READ_TICKS_MAX };
    this.#delayMicrosMax = delayMicrosMax;
    this.#onRead = onRead;
    this.clock = new NodeClock({
      ratePerMille: dice.between(-SKEW_PER_MILLE, SKEW_PER_MILLE),
      aheadTicks: dice.below(100_000),
    });
  }

  /** One at a time. */
  read(key: string): void {
    this.#awake(() => {
      const id = requestId(++this.#reads);
      this.#asking = { id, key, called: this.#world.agenda.now };
      this.#step(key, { type: "Read", id });
    });
  }

  /** Its process stands still; its clock goes on. */
  pause(micros: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#world.agenda.now + micros);
  }

  /** The same as soon as it has asked for something: the answer waits for it, and grows old. */
  pauseAsking(micros: number): void {
    this.#pauseAsking = micros;
  }

  /** No message reaches it, or leaves it. */
  cut(micros: number): void {
    this.#cutUntil = Math.max(this.#cutUntil, this.#world.agenda.now + micros);
  }

  /** It remembers nothing. */
  restart(): void {
    this.#holders.clear();
    this.#connection = null;
    if (this.#asking !== null) this.#answered(null);
  }

  #awake(act: () => void): void {
    const { agenda } = this.#world;
    if (agenda.now >= this.#pausedUntil) return act();
    agenda.at(this.#pausedUntil, () => this.#awake(act));
  }

  #step(key: string, input: HolderInput<string>): void {
    const holder = this.#holders.get(key) ?? this.#newHolder(key);
    const [next, effects] = stepHolder(holder, this.#now(), [input]);
    this.#holders.set(key, next);
    for (const effect of effects) {
      if (effect.type === "Send") this.#send(effect.message);
      else if (effect.type === "Failed") this.#gaveUp(effect.id);
      else if (this.#asking !== null && effect.ids.includes(this.#asking.id)) {
        const { called } = this.#asking;
        this.#answered({ key, value: effect.value, called, cached: input.type === "Read" });
      }
    }
  }

  #answered(read: CachedRead | null): void {
    this.#asking = null;
    this.#onRead(read);
  }

  /** It tries another node: this one may be cut off, or lead no more. */
  #gaveUp(id: RequestId): void {
    if (this.#asking?.id !== id) return;
    this.#connection = null;
    this.#answered(null);
  }

  #send(message: HolderMessage): void {
    const connection = this.#connected();
    if (message.type === "Read") this.#wakeLater(message.datum);
    if (connection === null) return;
    if (message.type === "Read" && this.#pauseAsking > 0) {
      this.pause(this.#pauseAsking);
      this.#pauseAsking = 0;
    }
    const { node, start, holder } = connection;
    this.#travel(() => {
      if (node.start !== start) return;
      const { datum } = message;
      if (message.type === "Read") this.#ask(connection, message);
      else if (message.issuer === start)
        node.input({
          type: "Returned",
          holder,
          keyspace: DEFAULT_KEYSPACE,
          key: datum,
          recall: message.recall,
        });
    });
  }

  #ask(connection: Connection, { datum, tag }: Extract<HolderMessage, { type: "Read" }>): void {
    const caller = {
      onReply: (outcome: Outcome) => this.#travel(() => this.#refused(connection, outcome)),
      onReadable: (view: Machine, leaseTicks: number | null) => {
        if (!(view instanceof EtcdMachine)) return;
        const value = readKey(view, datum);
        const data: Data = { type: "Data", datum, tag, version: view.revision, value, leaseTicks };
        this.#receive(connection, data);
      },
    };
    connection.node.cacheRead(caller, connection.holder, datum, READ_TICKS_MAX);
  }

  #receive(connection: Connection, message: IssuerMessage<string>): void {
    this.#travel(() =>
      this.#awake(() => {
        if (connection === this.#connection)
          this.#step(message.datum, { type: "Receive", message });
      }),
    );
  }

  #refused(connection: Connection, outcome: Outcome): void {
    if (connection !== this.#connection || outcome.ok || outcome.code !== "NotLeader") return;
    this.#next = outcome.leaderHint;
    this.#connection = null;
  }

  #connected(): Connection | null {
    if (this.#connection !== null) return this.#connection;
    const { nodes } = this.#world;
    const node = nodes.find(({ id }) => id === this.#next) ?? this.#dice.pick(nodes);
    this.#next = null;
    const { start } = node;
    if (start === null) return null;
    const onRecall = (key: string, recall: number, view: Machine): void => {
      if (!(view instanceof EtcdMachine)) return;
      const version = view.revision;
      this.#receive(connection, { type: "Revoke", datum: key, version, recall, issuer: start });
    };
    const connection: Connection = { node, start, holder: node.openCache({ onRecall }) };
    this.#connection = connection;
    return connection;
  }

  #wakeLater(key: string): void {
    const { agenda } = this.#world;
    const wake = (): void => {
      const holder = this.#holders.get(key);
      const wakeAt = holder === undefined ? null : holderWakeAt(holder);
      if (wakeAt !== null && wakeAt <= this.#now().ticks) this.#step(key, { type: "Wake" });
    };
    // Who stood still hears what came meanwhile before it gives anything up.
    agenda.after(READ_TICKS_MAX * 1100, () => this.#awake(() => agenda.after(0, wake)));
  }

  /** Each message takes its own time. */
  #travel(arrive: () => void): void {
    const { agenda } = this.#world;
    if (agenda.now < this.#cutUntil || this.#dice.chance(LOST_PER_MILLE)) return;
    agenda.after(this.#dice.between(50, this.#delayMicrosMax), () => {
      if (agenda.now >= this.#cutUntil) arrive();
    });
  }

  #newHolder(key: string): LeaseHolder<string> {
    return startHolder(this.#settings, startId(++this.#lives), key);
  }

  #now(): Now {
    const { now } = this.#world.agenda;
    return { ticks: ticks(this.clock.ticks(now)), wall: { earliest: 0, latest: 0 } };
  }
}
