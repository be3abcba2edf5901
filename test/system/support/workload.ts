import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatHistory, type History, type Operation, type Value } from "@quorate/verify";
import { type Answer, base64, call, fromBase64, type RangeAnswer } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { pause } from "./deadline.ts";
import { Dice } from "./dice.ts";

const CLIENTS = 6;
const KEYS = 4;
/** After so many operations the clients go on to new keys: what is unknown stays open, and makes checking dear. */
const EPOCH_OPERATIONS = 240;
const CALL_MILLIS = 3000;

/** What the clients did and were told. */
export interface Recorded {
  /** The history as `quorate-verify` reads it. */
  readonly file: string;
  readonly operations: History;
  /** Keys of the ledger whose writing was acknowledged; each was written once. */
  readonly acknowledged: readonly string[];
}

/**
 * Clients that put, read and compare-and-swap a few registers at members drawn at random, one operation at a time
 * each, while the test does harm. Every write also says a value that was never said before.
 */
export class Workload {
  readonly #cluster: Cluster;
  readonly #file = join(mkdtempSync(join(tmpdir(), "quorate-history-")), "history.jsonl");
  readonly #operations: Omit<Operation, "index">[] = [];
  readonly #acknowledged: string[] = [];
  readonly #lives: Promise<void>[];
  #stopped = false;
  #written = 0;

  constructor(cluster: Cluster, seed: number) {
    this.#cluster = cluster;
    this.#lives = Array.from({ length: CLIENTS }, (_, i) =>
      this.#live(i, new Dice(seed * CLIENTS + i)),
    );
  }

  /** Waits until so many more operations have succeeded: the cluster is making progress. */
  async progress(count: number, millis: number): Promise<void> {
    const goal = this.succeeded + count;
    const until = performance.now() + millis;
    while (this.succeeded < goal) {
      if (performance.now() > until) {
        throw new Error(`${this.succeeded - goal + count} of ${count} operations in ${millis} ms`);
      }
      await pause(10);
    }
  }

  get succeeded(): number {
    return this.#operations.filter(({ outcome }) => outcome === "ok").length;
  }

  /** A read of its own at one member, recorded like the clients' own. */
  async readAt(member: number, process: number): Promise<void> {
    for (let key = 0; key < KEYS; key++) {
      await this.#read(this.#cluster.endpoints[member] ?? "", this.#keyOf(key), process);
    }
  }

  /** Lets the clients finish and reads every register once more, at every member, or at those that are up. */
  async stop(members: readonly number[] = [...this.#cluster.endpoints.keys()]): Promise<Recorded> {
    this.#stopped = true;
    await Promise.all(this.#lives);
    const keys = [...new Set(this.#operations.map(({ key }) => key ?? ""))];
    for (const member of members) {
      const endpoint = this.#cluster.endpoints[member] ?? "";
      for (const key of keys) await this.#read(endpoint, key, CLIENTS);
    }
    const operations = this.#operations
      .sort((a, b) => a.called - b.called)
      .map((operation, index) => ({ index, ...operation }));
    writeFileSync(this.#file, [...formatHistory(operations)].join(""));
    return { file: this.#file, operations, acknowledged: this.#acknowledged };
  }

  async #live(process: number, dice: Dice): Promise<void> {
    while (!this.#stopped) {
      const endpoint = this.#cluster.endpoints[dice.below(this.#cluster.endpoints.length)] ?? "";
      const key = this.#keyOf(dice.below(KEYS));
      const drawn = dice.below(10);
      if (drawn < 4) await this.#read(endpoint, key, process);
      else if (drawn < 7) await this.#write(endpoint, key, process);
      else if (drawn < 9) await this.#swap(endpoint, key, process);
      else await this.#enter(endpoint);
      // A member that refuses does so at once: without a pause the history would be mostly that.
      await pause(dice.below(5));
    }
  }

  #keyOf(n: number): string {
    return `r/${Math.floor(this.#operations.length / EPOCH_OPERATIONS)}/${n}`;
  }

  async #read(endpoint: string, key: string, process: number): Promise<string | null> {
    const called = now();
    const answer = await call<RangeAnswer>(
      endpoint,
      "/kv/range",
      { key: base64(key) },
      CALL_MILLIS,
    );
    const value = answer.type === "ok" ? registerOf(answer.body) : null;
    this.#record(process, key, ["read", null, value], called, answer);
    return value;
  }

  async #write(endpoint: string, key: string, process: number): Promise<void> {
    const value = this.#fresh();
    const called = now();
    const body = { key: base64(key), value: base64(value) };
    const answer = await call(endpoint, "/kv/put", body, CALL_MILLIS);
    this.#record(process, key, ["write", value, null], called, answer);
  }

  /** Swaps what a read just found, or nothing: both outcomes occur. */
  async #swap(endpoint: string, key: string, process: number): Promise<void> {
    const from = await this.#read(endpoint, key, process);
    const to = this.#fresh();
    const compare =
      from === null
        ? { target: "CREATE", key: base64(key), create_revision: "0" }
        : { target: "VALUE", key: base64(key), value: base64(from) };
    const success = [{ request_put: { key: base64(key), value: base64(to) } }];
    const called = now();
    const body = { compare: [compare], success };
    const answer = await call<{ succeeded?: boolean }>(endpoint, "/kv/txn", body, CALL_MILLIS);
    const applied = answer.type === "ok" ? answer.body.succeeded === true : null;
    this.#record(process, key, ["cas", [from, to], applied], called, answer);
  }

  /** The ledger: written once and never again, so that whatever was acknowledged can be looked for. */
  async #enter(endpoint: string): Promise<void> {
    const key = `ledger/${this.#fresh()}`;
    const body = { key: base64(key), value: base64(key) };
    const answer = await call(endpoint, "/kv/put", body, CALL_MILLIS);
    if (answer.type === "ok") this.#acknowledged.push(key);
  }

  #fresh(): string {
    return `v${this.#written++}`;
  }

  #record(
    process: number,
    key: string,
    [f, input, output]: readonly [f: string, input: Value, output: Value],
    called: number,
    answer: Answer<unknown>,
  ): void {
    const outcome = answer.type;
    const returned = outcome === "unknown" ? Number.POSITIVE_INFINITY : now();
    this.#operations.push({ process, f, key, input, output, called, returned, outcome });
  }
}

const now = (): number => Math.round(performance.now() * 1000);

function registerOf({ kvs }: RangeAnswer): string | null {
  const [kv] = kvs ?? [];
  return kv === undefined ? null : fromBase64(kv.value ?? "");
}
