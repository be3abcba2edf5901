import { describe, expect, it } from "vitest";
import {
  type Bytes,
  type Effect,
  fromLatin1,
  type GroupConfig,
  type Input,
  latin1,
  type NodeId,
  nodeId,
  type Outcome,
  requestId,
  ticks,
} from "../../../src/core/index.ts";
import {
  type RegisterMessage,
  type RegisterState,
  register,
} from "../../../src/protocols/register/index.ts";

const MEMBERS = [nodeId(1n), nodeId(2n), nodeId(3n)];
const CONFIG: GroupConfig = { epoch: 0, voters: MEMBERS, outgoing: null, learners: [] };
const PATIENCE = 100;

interface Letter {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: RegisterMessage;
}

/** Three registers and the letters between them; nothing moves unless the test moves it. */
class Registers {
  readonly letters: Letter[] = [];
  readonly outcomes = new Map<number, Outcome>();
  readonly #protocol;
  readonly #states = new Map<NodeId, RegisterState>();
  readonly #disks = new Map<NodeId, Bytes[]>(MEMBERS.map((member) => [member, []]));
  #now = 0;
  #requests = 0;

  constructor(w: number, r: number) {
    this.#protocol = register({ w, r, patienceTicks: PATIENCE });
    for (const member of MEMBERS) this.restart(member);
  }

  restart(member: NodeId): void {
    const recovered = { checkpoint: null, records: this.#disks.get(member) ?? [] };
    const started = this.#protocol.start(member, CONFIG, recovered, 1n, this.#time());
    if (started === null) throw new Error("a register always starts");
    this.#states.set(member, started[0]);
  }

  write(at: NodeId, value: string): number {
    const id = ++this.#requests;
    this.#step(at, {
      type: "Propose",
      commands: [{ id: requestId(id), command: fromLatin1(value) }],
    });
    return id;
  }

  read(at: NodeId): number {
    const id = ++this.#requests;
    this.#step(at, { type: "Read", ids: [requestId(id)], level: "readIndex" });
    return id;
  }

  /** Delivers every letter that `wanted` picks, and those that follow from them. */
  deliver(wanted: (letter: Letter) => boolean = () => true): void {
    for (let i = this.letters.findIndex(wanted); i >= 0; i = this.letters.findIndex(wanted)) {
      const [letter] = this.letters.splice(i, 1) as [Letter];
      this.#step(letter.to, { type: "Receive", from: letter.from, message: letter.message });
    }
  }

  pass(millis: number): void {
    this.#now += millis;
    for (const member of MEMBERS) this.#step(member, { type: "Wake" });
  }

  valueOf(id: number): string | undefined {
    const outcome = this.outcomes.get(id);
    return outcome?.ok === true ? latin1(outcome.value) : undefined;
  }

  #step(at: NodeId, input: Input<RegisterMessage>): void {
    const [next, effects] = this.#protocol.step(
      this.#states.get(at) as RegisterState,
      this.#time(),
      [input],
    );
    this.#states.set(at, next);
    for (const effect of effects) this.#perform(at, effect);
  }

  #perform(at: NodeId, effect: Effect<RegisterMessage>): void {
    if (effect.type === "Persist") this.#disks.get(at)?.push(effect.record);
    else if (effect.type === "Send")
      this.letters.push({ from: at, to: effect.to, message: effect.message });
    else if (effect.type === "Settle") this.outcomes.set(effect.id, effect.outcome);
  }

  #time() {
    return { ticks: ticks(this.#now), wall: { earliest: this.#now, latest: this.#now } };
  }
}

const [A, B, C] = MEMBERS as [NodeId, NodeId, NodeId];
const between = (one: NodeId, other: NodeId) => (letter: Letter) =>
  (letter.from === one && letter.to === other) || (letter.from === other && letter.to === one);

describe("a register under N/W/R, on the seam that Raft stands on", () => {
  it("W + R > N: a read at any replica sees the last write that was answered", () => {
    const registers = new Registers(2, 2);
    const write = registers.write(A, "x");
    registers.deliver(between(A, B));
    expect(registers.valueOf(write)).toBe("x");
    const read = registers.read(C);
    registers.deliver(between(B, C));
    expect(registers.valueOf(read)).toBe("x");
  });

  it("W + R <= N: a read may miss a write that was answered", () => {
    const registers = new Registers(1, 1);
    const write = registers.write(A, "x");
    expect(registers.valueOf(write), "one replica is enough, and it is the writer's own").toBe("x");
    expect(registers.valueOf(registers.read(C)), "another holds nothing yet").toBe("");
  });

  it("a read stores what it found before it answers, so that no later read goes back", () => {
    const registers = new Registers(2, 2);
    registers.write(A, "x");
    registers.deliver(
      ({ message, to }) => message.type === "Query" || (message.type === "QueryReply" && to === A),
    );
    // The write has asked and stores now: its stores reach nobody but A itself.
    const lost = registers.letters.splice(0);
    expect(lost.every(({ message }) => message.type === "Store")).toBe(true);
    const first = registers.read(B);
    registers.deliver(between(A, B));
    expect(registers.valueOf(first)).toBe("x");
    const second = registers.read(C);
    registers.deliver(between(B, C));
    expect(registers.valueOf(second), "B holds it now, though the writer reached only itself").toBe(
      "x",
    );
  });

  it("without enough replicas a write ends as unknown, never as failed", () => {
    const registers = new Registers(2, 2);
    const write = registers.write(A, "x");
    registers.pass(PATIENCE);
    expect(registers.outcomes.get(write)).toMatchObject({
      ok: false,
      code: "Timeout",
      definite: false,
    });
  });

  it("an answered write survives the crash of those that answered", () => {
    const registers = new Registers(2, 2);
    registers.write(A, "x");
    registers.deliver(between(A, B));
    registers.letters.splice(0);
    for (const member of MEMBERS) registers.restart(member);
    const read = registers.read(C);
    registers.deliver(between(B, C));
    expect(registers.valueOf(read)).toBe("x");
  });

  it("two writers at once: every replica ends with the same one", () => {
    const registers = new Registers(2, 2);
    registers.write(A, "a");
    registers.write(B, "b");
    registers.deliver();
    const reads = MEMBERS.map((member) => registers.read(member));
    registers.deliver();
    expect(new Set(reads.map((id) => registers.valueOf(id))).size).toBe(1);
  });
});
