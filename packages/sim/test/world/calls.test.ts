import {
  ANSWER,
  type Bytes,
  type Call,
  type Command,
  concat,
  decodeAnswer,
  type KeyspaceId,
  keyspaceId,
  type Machine,
  type MachineFork,
  NO_WRITES,
  type Outcome,
  Reader,
  type Results,
  type Sink,
  SYSTEM_KEYSPACE,
  succeed,
  Writer,
  type Writes,
} from "@quorate/kernel/core";
import { DEFAULT_OPTIONS, encodeSystemCommand, type Profile } from "@quorate/kernel/replica";
import { expect, it } from "vitest";
import { World } from "../../src/index.ts";

const DEPOSIT = 1;
const TRANSFER = 2;

/** An account that can send money to another keyspace's: what it sends is gone at once, and arrives by a call. */
class Account implements Machine {
  readonly watches = null;
  balance = 0;
  #calls: Call[] = [];
  #sequence = 0;
  #incoming: Bytes[] = [];

  get open(): number {
    return this.#calls.length;
  }

  writes(): Writes {
    return NO_WRITES;
  }

  apply(commands: readonly Command[], out: Results): void {
    for (const { kind, body, origin } of commands) {
      if (kind === ANSWER)
        this.#calls = this.#calls.filter(
          ({ sequence }) => sequence !== decodeAnswer(body).sequence,
        );
      else if (kind === DEPOSIT) this.balance += new Reader(body).uint();
      else this.#send(body);
      if (origin !== null) out.result(origin, succeed(new Uint8Array(0)));
    }
  }

  #send(body: Bytes): void {
    const r = new Reader(body);
    const [keyspace, amount] = [keyspaceId(r.uint()), r.uint()];
    this.balance -= amount;
    this.#calls.push({
      sequence: ++this.#sequence,
      keyspace,
      kind: DEPOSIT,
      body: amountOf(amount),
    });
  }

  call(): Call | null {
    return this.#calls[0] ?? null;
  }

  fork(): MachineFork {
    const bytes = this.#encode();
    const hash = this.hash();
    return {
      hash,
      dump: (_from, _max, out: Sink) => {
        out.put(bytes);
        return null;
      },
      audit: () => ({ equal: true }),
      release: () => {},
    };
  }

  load(chunk: Bytes): void {
    this.#incoming.push(chunk.slice());
  }

  loaded(): boolean {
    const r = new Reader(concat(this.#incoming));
    this.balance = r.uint() - BIAS;
    this.#sequence = r.uint();
    while (r.left > 0)
      this.#calls.push({
        sequence: r.uint(),
        keyspace: keyspaceId(r.uint()),
        kind: DEPOSIT,
        body: r.bytes(),
      });
    return true;
  }

  hash(): bigint {
    return (
      BigInt(this.balance + BIAS) * 1_000_003n + BigInt(this.#sequence * 1009 + this.#calls.length)
    );
  }

  tidy(): boolean {
    return false;
  }

  dueAt(): null {
    return null;
  }

  due(): null {
    return null;
  }

  #encode(): Bytes {
    const w = new Writer(64).uint(this.balance + BIAS).uint(this.#sequence);
    for (const call of this.#calls) w.uint(call.sequence).uint(call.keyspace).bytes(call.body);
    return w.take();
  }
}

/** Balances may be negative, stored numbers may not. */
const BIAS = 1_000_000;
const TRANSFERS = 30;
const ACCOUNT: Profile = {
  protocol: "raft",
  fixedMembers: false,
  office: null,
  sync: null,
  pull: null,
  leases: false,
  leased: false,
  caches: false,
  create: () => new Account(),
  renewals: new Set(),
  withoutRoom: new Set(),
};

it("a call from one group to another takes effect once, whoever leads, whatever crashes", () => {
  const world = new World({
    seed: 11n,
    nodes: 3,
    options: {
      ...DEFAULT_OPTIONS,
      tailEntriesMax: 8,
      checkpointBytes: 600,
      profiles: new Map([...DEFAULT_OPTIONS.profiles, ["account", ACCOUNT]]),
    },
  }).boot();
  const [from, to] = [createAccount(world, "from", 2), createAccount(world, "to", 3)];
  for (let i = 1; i <= TRANSFERS; i++) {
    ask(world, from, TRANSFER, new Writer(16).uint(to).uint(i).take());
    if (i % 5 === 0) disturb(world, i);
  }
  world.run(20_000);
  const sum = (TRANSFERS * (TRANSFERS + 1)) / 2;
  for (const node of world.nodes) {
    expect(accountAt(world, node.name, from)).toMatchObject({ balance: -sum, open: 0 });
    expect(accountAt(world, node.name, to)).toMatchObject({ balance: sum });
  }
  expect(world.observer.violations).toEqual([]);
});

function disturb(world: World, i: number): void {
  const node = i % 10 === 0 ? world.leader(keyspaceId(2)) : world.leader(keyspaceId(3));
  node?.crash(true);
  world.run(700);
  node?.boot();
  world.run(300);
}

function createAccount(world: World, name: string, id: number): KeyspaceId {
  const { kind, body } = encodeSystemCommand({
    type: "createKeyspace",
    name,
    profile: "account",
    fixed: false,
    office: false,
    replicas: null,
  });
  expect(world.until(() => world.leader() !== null, 10_000)).toBe(true);
  ask(world, SYSTEM_KEYSPACE, kind, body);
  expect(world.until(() => world.leader(keyspaceId(id)) !== null, 10_000)).toBe(true);
  return keyspaceId(id);
}

/** Asks until it is certain that it was done; only definite refusals are asked again, so nothing is done twice. */
function ask(world: World, keyspace: KeyspaceId, kind: number, body: Bytes): void {
  for (let attempt = 0; attempt < 50; attempt++) {
    let outcome: Outcome | undefined;
    const node = world.nodes.find(({ isUp }) => isUp);
    node?.request(
      { onReply: (reply: Outcome) => void (outcome = reply), onReadable: () => {} },
      keyspace,
      kind,
      body,
      20_000,
    );
    world.until(() => outcome !== undefined, 30_000);
    if (outcome?.ok === true) return;
    if (outcome === undefined || !outcome.definite)
      throw new Error(`unknown outcome of attempt ${attempt}`);
    world.run(100);
  }
  throw new Error("never done");
}

function accountAt(world: World, name: string, keyspace: KeyspaceId): Account {
  const view = world.node(name).kernel?.groupOf(keyspace)?.view;
  if (!(view instanceof Account)) throw new TypeError(`no account ${keyspace} on ${name}`);
  return view;
}

const amountOf = (amount: number): Bytes => new Writer(8).uint(amount).take();
