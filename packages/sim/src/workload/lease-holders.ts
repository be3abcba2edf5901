import { DEFAULT_KEYSPACE, type Machine, type Outcome } from "@quorate/kernel/core";
import { bodyOf, EtcdKind, EtcdMachine, revisionOf } from "@quorate/kernel/etcd";
import { Dice } from "../world/dice.ts";
import type { World } from "../world/world.ts";
import { readKey } from "./clients.ts";
import { leaseGrantRequest, leaseKeepAliveRequest, putRequest } from "./etcd-requests.ts";
import { ttlIn } from "./etcd-responses.ts";

/** A holder renews so many times within the life of its lease. */
const RENEWALS = 4;
/** Of a thousand holders, those who renew at the last moment, or when it is just too late. */
const LATE_PER_MILLE = 400;
/** When these renew, in thousandths of their lease's life. */
const LATE_FROM = 900;
const LATE_TO = 1010;
/** A holder whose lease ended takes another one after so long. */
const AGAIN_MICROS = 500_000;
const PATIENCE_MILLIS = 1500;
/** A holder's leases, one after the other, have ids so far apart. */
const LEASES_APART = 1000;
const TTL_SECONDS = [2, 3, 5] as const;
/** Holders end their leases after so long, at most, and leave them to time. */
const HOLD_MILLIS_MAX = 20_000;

interface Holder {
  lease: number;
  readonly key: string;
  readonly ttlMillis: number;
  readonly late: boolean;
  /** When the last renewal that was granted was asked for: until then and a life longer the lease must live. */
  renewedAt: number;
  /** The revision of its key. */
  putAt: number;
  state: "starting" | "holding" | "left" | "lost";
}

/**
 * Holders of leases, each with one key. What they were promised: a lease that was renewed lives for its time to live
 * from that moment on, through crashes and changes of leader; one that is left alone ends, and its key goes with it.
 * Time is the leader's: the promise is measured with the slack that the drift of its clock may cost.
 */
export class LeaseHolders {
  readonly #world: World;
  readonly #dice: Dice;
  readonly #holders: Holder[] = [];
  readonly #broken: string[] = [];
  /** How much sooner than promised a lease may end, of a thousand. */
  readonly #slackPerMille: number;
  renewals = 0;
  #stopped = false;

  constructor(world: World, seed: bigint, slackPerMille: number) {
    this.#world = world;
    this.#dice = new Dice(seed);
    this.#slackPerMille = slackPerMille;
  }

  start(count: number): this {
    for (let i = 0; i < count; i++) {
      const ttl = this.#dice.pick(TTL_SECONDS);
      const holder: Holder = {
        lease: i + 1,
        key: `l${i + 1}`,
        ttlMillis: ttl * 1000,
        late: this.#dice.chance(LATE_PER_MILLE),
        renewedAt: 0,
        putAt: 0,
        state: "starting",
      };
      this.#holders.push(holder);
      this.#grant(holder);
      const hold = this.#dice.between(3000, HOLD_MILLIS_MAX);
      this.#world.agenda.after(hold * 1000, () => this.#leave(holder));
    }
    return this;
  }

  /** All leases are left to time from now on. */
  stop(): void {
    this.#stopped = true;
    for (const holder of this.#holders) this.#leave(holder);
  }

  /** Longest life of a lease, in milliseconds. */
  get ttlMillisMax(): number {
    return Math.max(0, ...this.#holders.map(({ ttlMillis }) => ttlMillis));
  }

  /** What is broken; all leases were left long ago. */
  findings(): readonly string[] {
    const there = this.#holders.flatMap(({ key, lease }) =>
      this.#world.nodes.flatMap(({ kernel, name }) => {
        const view = kernel?.groupOf(DEFAULT_KEYSPACE)?.view;
        return view instanceof EtcdMachine && readKey(view, key) !== null
          ? [`lease ${lease} was left to time, and its key is still there on ${name}`]
          : [];
      }),
    );
    return [...this.#broken, ...there];
  }

  #leave(holder: Holder): void {
    if (holder.state !== "lost") holder.state = "left";
  }

  #grant(holder: Holder): void {
    if (holder.state !== "starting" || this.#stopped) return;
    const asked = this.#world.agenda.now;
    const body = leaseGrantRequest(holder.lease, holder.ttlMillis / 1000);
    this.#ask(EtcdKind.leaseGrant, body, (outcome) => {
      if (outcome === null || !outcome.ok) return this.#soon(() => this.#grant(holder));
      holder.renewedAt = asked;
      this.#put(holder);
    });
  }

  #put(holder: Holder): void {
    const body = putRequest(holder.key, "held", holder.lease);
    this.#ask(EtcdKind.put, body, (outcome) => {
      if (holder.state !== "starting") return;
      // It may have ended before the key was there: then this holder never held anything.
      if (outcome === null || !outcome.ok) holder.state = "lost";
      else {
        holder.state = "holding";
        holder.putAt = revisionOf(outcome.value);
        this.#renew(holder);
      }
    });
  }

  #renew(holder: Holder): void {
    if (holder.state !== "holding") return;
    const asked = this.#world.agenda.now;
    const { lease } = holder;
    this.#ask(EtcdKind.leaseKeepAlive, leaseKeepAliveRequest(lease), (outcome) => {
      // An answer that comes late may speak of the lease that it held before this one (seed 4014370).
      if (outcome?.ok && holder.lease === lease)
        this.#renewed(holder, asked, ttlIn(bodyOf(outcome.value)));
      this.#world.agenda.after(this.#interval(holder), () => this.#renew(holder));
    });
  }

  #interval({ late, ttlMillis }: Holder): number {
    return late
      ? this.#dice.between(LATE_FROM, LATE_TO) * ttlMillis
      : (ttlMillis * 1000) / RENEWALS;
  }

  #renewed(holder: Holder, asked: number, ttlSeconds: number): void {
    if (ttlSeconds > 0) {
      this.renewals++;
      holder.renewedAt = Math.max(holder.renewedAt, asked);
      const half = (holder.ttlMillis * 1000) / 2;
      this.#world.agenda.after(this.#dice.below(half), () => this.#look(holder));
      return;
    }
    if (holder.state === "lost") return;
    this.#ended(holder);
    holder.state = "lost";
    if (this.#stopped) return;
    // Another lease under another id; the key went with the old one.
    this.#world.agenda.after(AGAIN_MICROS, () => {
      holder.lease += LEASES_APART;
      holder.state = "starting";
      this.#grant(holder);
    });
  }

  /** The lease is gone: did it live as long as was promised? */
  #ended(holder: Holder): void {
    const lived = (this.#world.agenda.now - holder.renewedAt) / 1000;
    const promised = (holder.ttlMillis * (1000 - this.#slackPerMille)) / 1000;
    if (lived < promised)
      this.#broken.push(
        `lease ${holder.lease} of ${holder.ttlMillis} ms ended ${Math.floor(lived)} ms after it was renewed`,
      );
  }

  /** Is the key there, while the lease must live? */
  #look(holder: Holder): void {
    if (holder.state !== "holding") return;
    const node = this.#dice.pick(this.#world.nodes);
    const { lease } = holder;
    const caller = {
      onReply: () => {},
      onReadable: (view: Machine) => {
        const held = holder.state === "holding" && holder.lease === lease;
        // A profile may show what was before the key: that it is not there yet says nothing (zookeeper, seed 1067).
        const knows = view instanceof EtcdMachine && view.revision >= holder.putAt;
        if (held && knows && readKey(view, holder.key) === null) this.#ended(holder);
      },
    };
    node.read(caller, DEFAULT_KEYSPACE, "readIndex", PATIENCE_MILLIS);
  }

  /** Null: nobody answered. */
  #ask(kind: number, body: Uint8Array, done: (outcome: Outcome | null) => void): void {
    const node = this.#dice.pick(this.#world.nodes);
    let answered = false;
    const answer = (outcome: Outcome | null): void => {
      if (answered) return;
      answered = true;
      done(outcome);
    };
    this.#world.agenda.after(2 * PATIENCE_MILLIS * 1000, () => answer(null));
    if (!node.isUp) return;
    const caller = { onReply: answer, onReadable: () => {} };
    node.request(caller, DEFAULT_KEYSPACE, kind, body, PATIENCE_MILLIS);
  }

  #soon(act: () => void): void {
    this.#world.agenda.after(200_000, act);
  }
}
