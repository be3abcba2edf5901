import {
  type Bytes,
  concat,
  DEFAULT_KEYSPACE,
  type Machine,
  type Outcome,
  type ReadLevel,
  type Sink,
} from "@quorate/kernel/core";
import { bodyOf, EtcdKind, EtcdMachine, isRejected } from "@quorate/kernel/etcd";
import type { OperationOutcome, RegisterAction, RegisterOperation } from "@quorate/verify";
import type { Dice } from "./dice.ts";
import { compareAndPut, putRequest, rangeRequest } from "./etcd-requests.ts";
import { succeededIn, valueInKvs } from "./etcd-responses.ts";
import type { SimNode } from "./sim-node.ts";
import type { World } from "./world.ts";

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
};

/** How long a client that got no answer from a dead node waits before it goes elsewhere. */
const RECONNECT_MICROS = 100_000;

/** Clients that use a few keys as registers, each one operation at a time, on any node; all they do is in the history. */
export class Clients {
  readonly history: RegisterOperation[] = [];
  readonly #world: World;
  readonly #workload: Workload;
  readonly #dice: Dice;
  readonly #open = new Map<
    number,
    { readonly called: number; readonly key: string; readonly action: RegisterAction }
  >();
  /** Values that a client has seen, to compare with: a comparison that always fails tests little. */
  readonly #seen = new Map<string, string | null>();
  #values = 0;
  #running = 0;
  #processes = 0;

  constructor(world: World, workload: Workload) {
    this.#world = world;
    this.#workload = workload;
    this.#dice = world.dice.fork();
  }

  get done(): boolean {
    return this.#running === 0;
  }

  start(): this {
    for (let i = 0; i < this.#workload.clients; i++) {
      this.#running++;
      this.#next(this.#processes++, this.#workload.operations);
    }
    return this;
  }

  /** Ends the run: what is still open has an unknown outcome. */
  finish(): readonly RegisterOperation[] {
    for (const [process, { called, key, action }] of this.#open) {
      this.history.push({
        process,
        key,
        action,
        called,
        returned: this.#world.agenda.now,
        outcome: "unknown",
      });
    }
    this.#open.clear();
    return this.history;
  }

  #next(process: number, left: number): void {
    if (left === 0) {
      this.#running--;
      return;
    }
    const think = this.#dice.below(this.#workload.thinkMillisMax * 1000 + 1);
    this.#world.agenda.after(think, () => this.#begin(process, left));
  }

  #begin(process: number, left: number): void {
    const node = this.#dice.pick(this.#world.nodes);
    if (!node.isUp) {
      this.#world.agenda.after(RECONNECT_MICROS, () => this.#begin(process, left));
      return;
    }
    const key = `k${this.#dice.below(this.#workload.keys)}`;
    const action = this.#draw(key);
    const called = this.#world.agenda.now;
    this.#open.set(process, { called, key, action });
    // A client whose node died learns nothing; it gives up after its patience and half as much again.
    this.#world.agenda.after(this.#workload.patienceMillis * 1500, () => {
      const open = this.#open.get(process);
      if (open !== undefined && open.called === called)
        this.#end(process, left, open.action, "unknown");
    });
    this.#issue(node, process, left, key, action, called);
  }

  #draw(key: string): RegisterAction {
    const kind = this.#dice.below(1000);
    if (kind < this.#workload.readPerMille) return { type: "read", value: null };
    const to = `v${++this.#values}`;
    if (kind < this.#workload.readPerMille + this.#workload.casPerMille) {
      return { type: "cas", from: this.#seen.get(key) ?? null, to, applied: null };
    }
    return { type: "write", value: to };
  }

  #issue(
    node: SimNode,
    process: number,
    left: number,
    key: string,
    action: RegisterAction,
    called: number,
  ): void {
    const patience = this.#workload.patienceMillis;
    const isOpen = (): boolean => this.#open.get(process)?.called === called;
    const caller = {
      onReply: (outcome: Outcome) => {
        if (isOpen()) this.#replied(process, left, key, action, outcome);
      },
      onReadable: (view: Machine) => {
        if (isOpen()) this.#read(process, left, key, view);
      },
    };
    if (action.type === "read")
      node.read(caller, DEFAULT_KEYSPACE, this.#workload.readLevel, patience);
    else if (action.type === "write")
      node.request(
        caller,
        DEFAULT_KEYSPACE,
        EtcdKind.put,
        putRequest(key, action.value ?? ""),
        patience,
      );
    else
      node.request(
        caller,
        DEFAULT_KEYSPACE,
        EtcdKind.txn,
        compareAndPut(key, action.from, action.to ?? ""),
        patience,
      );
  }

  #replied(
    process: number,
    left: number,
    key: string,
    action: RegisterAction,
    outcome: Outcome,
  ): void {
    if (!outcome.ok) {
      this.#end(process, left, action, outcome.definite ? "failed" : "unknown");
      return;
    }
    if (action.type === "cas") {
      const applied = succeededIn(bodyOf(outcome.value));
      if (applied) this.#seen.set(key, action.to);
      this.#end(process, left, { ...action, applied }, "ok");
      return;
    }
    if (action.type === "write") this.#seen.set(key, action.value);
    this.#end(process, left, action, "ok");
  }

  #read(process: number, left: number, key: string, view: Machine): void {
    const value = view instanceof EtcdMachine ? readKey(view, key) : null;
    this.#seen.set(key, value);
    this.#end(process, left, { type: "read", value }, "ok");
  }

  #end(process: number, left: number, action: RegisterAction, outcome: OperationOutcome): void {
    const open = this.#open.get(process);
    if (open === undefined) return;
    this.#open.delete(process);
    const { called, key } = open;
    this.history.push({ process, key, action, called, returned: this.#world.agenda.now, outcome });
    // An unknown outcome may take effect later, while the client goes on: from then on it is another process.
    this.#next(outcome === "unknown" ? this.#processes++ : process, left - 1);
  }
}

/** A key's value in this view, or null. */
export function readKey(view: EtcdMachine, key: string): string | null {
  const cursor = view.openRange(rangeRequest(key));
  if (isRejected(cursor)) return null;
  const parts: Bytes[] = [];
  const sink: Sink = { put: (part) => parts.push(part) };
  while (cursor.next(65536, sink));
  cursor.release();
  return parts.length === 0 ? null : valueInKvs(concat(parts));
}
