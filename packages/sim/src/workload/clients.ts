import {
  type Bytes,
  concat,
  DEFAULT_KEYSPACE,
  type Machine,
  type Outcome,
  type ReadLevel,
  type Sink,
  Writer,
} from "@quorate/kernel/core";
import { bodyOf, EtcdKind, EtcdMachine, isRejected } from "@quorate/kernel/etcd";
import { ReplicaKind } from "@quorate/kernel/replica";
import type { Outcome as Ending, History, Operation, Value } from "@quorate/verify";
import { Dice } from "../world/dice.ts";
import type { SimCaller } from "../world/node-parts.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import { compareAndPut, putRequest, rangeRequest } from "./etcd-requests.ts";
import { succeededIn, valueInKvs } from "./etcd-responses.ts";

export interface Workload {
  readonly clients: number;
  readonly keys: number;
  /** A client's operations; fewer if the run ends first. */
  readonly operations: number;
  readonly readLevel: ReadLevel;
  /** Of a thousand operations. */
  readonly readPerMille: number;
  readonly casPerMille: number;
  readonly patienceMillis: number;
  /** A client thinks so long, at most, between two operations. */
  readonly thinkMillisMax: number;
  /** Of a thousand clients: those that name their requests, and repeat one at another node as long as its outcome is unknown. */
  readonly sessionPerMille: number;
}

export const REGISTERS: Workload = {
  clients: 4,
  keys: 3,
  operations: 60,
  readLevel: "readIndex",
  readPerMille: 450,
  casPerMille: 250,
  patienceMillis: 3000,
  thinkMillisMax: 150,
  sessionPerMille: 500,
};

/** How long a client that got no answer from a dead node waits before it goes elsewhere. */
const RECONNECT_MICROS = 100_000;
/** A request that is repeated is given up after so many attempts. */
const ATTEMPTS_MAX = 6;
const SESSION_MILLIS = 3_600_000;

type Action =
  | { readonly f: "read" }
  | { readonly f: "write"; readonly value: string }
  /** Writes `to` where the value is `from`; null: where there is none. */
  | { readonly f: "cas"; readonly from: string | null; readonly to: string };

/** One client: it does one operation at a time, on any node, and draws from dice of its own. */
interface Client {
  readonly dice: Dice;
  /** Under this number its operations stand in the history; a new one after each unknown outcome. */
  process: number;
  left: number;
  session: bigint | null;
  sequence: number;
}

interface Attempt {
  readonly client: Client;
  readonly key: string;
  readonly action: Action;
  readonly called: number;
  attempts: number;
  /** Its outcome was unknown once: a refusal afterwards proves nothing. */
  doubtful: boolean;
  ended: boolean;
}

/** Clients that use a few keys as registers, each one operation at a time, on any node; all they do is in the history. */
export class Clients {
  readonly #history: Omit<Operation, "index">[] = [];
  /** Requests that were sent once more under the same number, and answered. */
  repeated = 0;
  readonly #world: World;
  readonly #workload: Workload;
  readonly #seed: bigint;
  readonly #open = new Set<Attempt>();
  /** Values that a client has seen, to compare with: a comparison that always fails tests little. */
  readonly #seen = new Map<string, string | null>();
  #values = 0;
  #running = 0;
  #processes = 0;

  constructor(world: World, workload: Workload, seed: bigint) {
    this.#world = world;
    this.#workload = workload;
    this.#seed = seed;
  }

  get done(): boolean {
    return this.#running === 0;
  }

  start(): this {
    const { clients, operations, sessionPerMille } = this.#workload;
    for (let i = 0; i < clients; i++) {
      this.#running++;
      const dice = new Dice(this.#seed ^ (BigInt(i + 1) << 32n));
      const client = {
        dice,
        process: this.#processes++,
        left: operations,
        session: null,
        sequence: 0,
      };
      if (dice.chance(sessionPerMille)) this.#openSession(client);
      else this.#next(client);
    }
    return this;
  }

  /** Ends the run: what is still open has an unknown outcome. The history has what others did with the same keys, too. */
  finish(others: readonly Omit<Operation, "index">[] = []): History {
    for (const attempt of this.#open) this.#record(attempt, null, "unknown");
    this.#open.clear();
    return [...this.#history, ...others]
      .sort((a, b) => a.called - b.called)
      .map((operation, index) => ({ index, ...operation }));
  }

  #openSession(client: Client): void {
    const id = client.dice.id();
    const body = new Writer(16).u64(id).uint(SESSION_MILLIS).take();
    let answered = false;
    const answer = (ok: boolean): void => {
      if (answered) return;
      answered = true;
      if (ok) client.session = id;
      this.#next(client);
    };
    const caller = {
      onReply: (outcome: Outcome) => answer(outcome.ok),
      onReadable: () => {},
    };
    const node = client.dice.pick(this.#world.nodes);
    node.request(caller, DEFAULT_KEYSPACE, ReplicaKind.openSession, body, 2000);
    this.#world.agenda.after(3_000_000, () => answer(false));
  }

  #next(client: Client): void {
    if (client.left === 0) {
      this.#running--;
      return;
    }
    client.left--;
    const think = client.dice.below(this.#workload.thinkMillisMax * 1000 + 1);
    this.#world.agenda.after(think, () => this.#begin(client));
  }

  #begin(client: Client): void {
    const key = `k${client.dice.below(this.#workload.keys)}`;
    const action = this.#draw(client.dice, key);
    const called = this.#world.agenda.now;
    client.sequence++;
    const state = { attempts: 0, doubtful: false, ended: false };
    const attempt: Attempt = { client, key, action, called, ...state };
    this.#open.add(attempt);
    this.#try(attempt);
  }

  #draw(dice: Dice, key: string): Action {
    const kind = dice.below(1000);
    if (kind < this.#workload.readPerMille) return { f: "read" };
    const to = `v${++this.#values}`;
    if (kind < this.#workload.readPerMille + this.#workload.casPerMille) {
      return { f: "cas", from: this.#seen.get(key) ?? null, to };
    }
    return { f: "write", value: to };
  }

  #try(attempt: Attempt): void {
    const node = attempt.client.dice.pick(this.#world.nodes);
    if (!node.isUp) {
      this.#world.agenda.after(RECONNECT_MICROS, () => this.#try(attempt));
      return;
    }
    const number = ++attempt.attempts;
    const isOpen = (): boolean => !attempt.ended && attempt.attempts === number;
    const caller = {
      onReply: (outcome: Outcome) => {
        if (isOpen()) this.#replied(attempt, outcome);
      },
      onReadable: (view: Machine) => {
        if (isOpen()) this.#read(attempt, view);
      },
    };
    const patience = this.#workload.patienceMillis;
    // A client whose node died learns nothing; it gives up after its patience and half as much again.
    this.#world.agenda.after(patience * 1500, () => {
      if (isOpen()) this.#unknown(attempt);
    });
    this.#issue(node, attempt, caller, patience);
  }

  #issue(node: SimNode, attempt: Attempt, caller: SimCaller, patience: number): void {
    const { key, action, client } = attempt;
    if (action.f === "read")
      return node.read(caller, DEFAULT_KEYSPACE, this.#workload.readLevel, patience);
    const session =
      client.session === null ? null : { id: client.session, sequence: client.sequence };
    const [kind, body] =
      action.f === "write"
        ? [EtcdKind.put, putRequest(key, action.value)]
        : [EtcdKind.txn, compareAndPut(key, action.from, action.to)];
    node.request(caller, DEFAULT_KEYSPACE, kind, body, patience, session);
  }

  #replied(attempt: Attempt, outcome: Outcome): void {
    const { key, action } = attempt;
    if (!outcome.ok) {
      if (!outcome.definite) return this.#unknown(attempt);
      // A refusal of this attempt says nothing about one before it.
      return attempt.doubtful ? this.#unknown(attempt) : this.#end(attempt, null, "failed");
    }
    if (attempt.attempts > 1) this.repeated++;
    if (action.f === "cas") {
      const applied = succeededIn(bodyOf(outcome.value));
      if (applied) this.#seen.set(key, action.to);
      return this.#end(attempt, applied, "ok");
    }
    if (action.f === "write") this.#seen.set(key, action.value);
    this.#end(attempt, null, "ok");
  }

  #read(attempt: Attempt, view: Machine): void {
    const value = view instanceof EtcdMachine ? readKey(view, attempt.key) : null;
    this.#seen.set(attempt.key, value);
    this.#end(attempt, value, "ok");
  }

  /** Whoever names its requests asks again until it knows; the others live with it. */
  #unknown(attempt: Attempt): void {
    attempt.doubtful = true;
    const { client, action } = attempt;
    if (client.session !== null && action.f !== "read" && attempt.attempts < ATTEMPTS_MAX) {
      // An answer to the attempt before must not count any more.
      attempt.attempts++;
      this.#world.agenda.after(RECONNECT_MICROS, () => this.#try(attempt));
    } else this.#end(attempt, null, "unknown");
  }

  #end(attempt: Attempt, output: Value, outcome: Ending): void {
    attempt.ended = true;
    this.#open.delete(attempt);
    this.#record(attempt, output, outcome);
    // An unknown outcome may take effect later, while the client goes on: from then on it is another process.
    if (outcome === "unknown") attempt.client.process = this.#processes++;
    this.#next(attempt.client);
  }

  #record({ client, key, action, called }: Attempt, output: Value, outcome: Ending): void {
    const { f } = action;
    const input = f === "read" ? null : f === "write" ? action.value : [action.from, action.to];
    const returned = outcome === "unknown" ? Number.POSITIVE_INFINITY : this.#world.agenda.now;
    const { process } = client;
    this.#history.push({ process, f, key, input, output, called, returned, outcome });
  }
}

/** A key's value in this view, or null. */
export function readKey(view: EtcdMachine, key: string): string | null {
  const kvs = readKvs(view, key);
  return kvs === null ? null : valueInKvs(kvs);
}

/** A key as a RangeResponse has it, in its `kvs` field; null where it does not exist. */
export function readKvs(view: EtcdMachine, key: string): Bytes | null {
  const cursor = view.openRange(rangeRequest(key));
  if (isRejected(cursor)) return null;
  const parts: Bytes[] = [];
  const sink: Sink = { put: (part) => parts.push(part) };
  while (cursor.next(65536, sink));
  cursor.release();
  return parts.length === 0 ? null : concat(parts);
}
