import { expect, it } from "vitest";
import {
  type Effect,
  fromUtf8,
  type GroupConfig,
  type Input,
  type NodeId,
  type Now,
  nodeId,
  requestId,
  ticks,
  utf8,
} from "../../src/core/index.ts";
import {
  DEFAULT_SETTINGS,
  type SynodMessage,
  type SynodState,
  synod,
} from "../../src/protocols/synod/index.ts";

/**
 * Fischer, Lynch and Paterson 1985; card 67. Three processes decide one value by Paxos, without a clock: whoever is rejected tries again at
 * once. None crashes, and every message arrives in the end. The adversary chooses the order alone.
 */
const MEMBERS = [1n, 2n, 3n].map(nodeId);
const [P1, P2, P3] = MEMBERS as [NodeId, NodeId, NodeId];
const CONFIG: GroupConfig = { epoch: 0, voters: MEMBERS, outgoing: null, learners: [] };
const STEPS = 10_000;
/** A process that runs with one other alone has decided long before. */
const ALONE_MAX = 60;

interface Flight {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: SynodMessage;
  readonly sentAt: number;
}

/** FLP's configuration: what every process knows, and what is on its way, oldest first. A value: looking ahead changes nothing. */
interface Configuration {
  readonly states: ReadonlyMap<NodeId, SynodState>;
  readonly flights: readonly Flight[];
}

class Processes {
  readonly #protocol: ReturnType<typeof synod>;
  now: Now = { ticks: ticks(0), wall: { earliest: 0, latest: 0 } };

  constructor(backOff: boolean) {
    this.#protocol = synod({ ...DEFAULT_SETTINGS, backOff, patienceTicks: 20 });
  }

  pass(millis: number): void {
    const at = this.now.ticks + millis;
    this.now = { ticks: ticks(at), wall: { earliest: at, latest: at } };
  }

  /** P1 wants x, P2 wants y. */
  initial(seed: bigint): Configuration {
    const started = MEMBERS.map((id) => {
      const recovered = { checkpoint: null, records: [] };
      const step = this.#protocol.start(id, CONFIG, recovered, seed + id, this.now);
      if (step === null) throw new RangeError("an empty process always starts");
      return [id, step[0]] as const;
    });
    const empty: Configuration = { states: new Map(started), flights: [] };
    return this.#propose(this.#propose(empty, P1, "x"), P2, "y");
  }

  #propose(c: Configuration, at: NodeId, value: string): Configuration {
    const commands = [{ id: requestId(Number(at)), command: utf8(value) }];
    return this.input(c, at, { type: "Propose", commands }, 0);
  }

  /** Its disk writes at once: here it is not the disks that delay. */
  input(c: Configuration, at: NodeId, input: Input<SynodMessage>, sentAt: number): Configuration {
    let state = c.states.get(at) as SynodState;
    const sent: Flight[] = [];
    const take = (effects: readonly Effect<SynodMessage>[]): void => {
      for (const effect of effects)
        if (effect.type === "Send")
          sent.push({ from: at, to: effect.to, message: effect.message, sentAt });
    };
    let [next, effects] = this.#protocol.step(state, this.now, [input]);
    take(effects);
    while (next.persisted > next.durable) {
      [state, effects] = this.#protocol.step(next, this.now, [
        { type: "Durable", upTo: next.persisted },
      ]);
      take(effects);
      next = state;
    }
    return { states: new Map(c.states).set(at, next), flights: [...c.flights, ...sent] };
  }

  deliver(c: Configuration, flight: Flight, step: number): Configuration {
    const rest = { ...c, flights: c.flights.filter((other) => other !== flight) };
    const { from, to, message } = flight;
    return this.input(rest, to, { type: "Receive", from, message }, step);
  }

  /** What `one` decides if only its messages with `other` arrive from here on; null where it does not. */
  decidesWith(c: Configuration, one: NodeId, other: NodeId): string | null {
    let ahead = c;
    for (let i = 0; i < ALONE_MAX; i++) {
      const decided = decidedIn(ahead);
      if (decided !== null) return decided;
      const flight = ahead.flights.find(
        ({ from, to }) => (from === one && to === other) || (from === other && to === one),
      );
      if (flight === undefined) return null;
      ahead = this.deliver(ahead, flight, 0);
    }
    return null;
  }
}

function decidedIn({ states }: Configuration): string | null {
  for (const { decided } of states.values()) if (decided !== null) return fromUtf8(decided);
  return null;
}

/** Both values can still be decided, each in a run that is shown. */
function isBivalent(processes: Processes, c: Configuration): boolean {
  if (decidedIn(c) !== null) return false;
  const pairs = [
    [P1, P3],
    [P2, P3],
    [P1, P2],
    [P2, P1],
  ] as const;
  const reachable = new Set<string | null>();
  for (const [one, other] of pairs) {
    reachable.add(processes.decidesWith(c, one, other));
    if (reachable.has("x") && reachable.has("y")) return true;
  }
  return false;
}

/** The oldest message whose arrival leaves the decision open, arrived. Null: whatever arrives decides. */
function keepOpen(
  processes: Processes,
  c: Configuration,
  arriving: readonly Flight[],
  step: number,
): { readonly flight: Flight; readonly after: Configuration } | null {
  for (const flight of arriving) {
    const after = processes.deliver(c, flight, step);
    if (isBivalent(processes, after)) return { flight, after };
  }
  return null;
}

it("IM-1: for 10 000 steps the adversary keeps both values within reach, and delivers every message", () => {
  const processes = new Processes(false);
  let c = processes.initial(1n);
  let longest = 0;
  expect(isBivalent(processes, c)).toBe(true);
  for (let step = 1; step <= STEPS; step++) {
    const next = keepOpen(processes, c, c.flights, step);
    if (next === null) throw new RangeError(`step ${step}: every message decides`);
    longest = Math.max(longest, step - next.flight.sentAt);
    c = next.after;
  }
  expect(decidedIn(c)).toBeNull();
  // Nobody is starved: nothing that arrived had waited for long, and what is under way is young.
  expect(longest).toBeLessThan(100);
  for (const { sentAt } of c.flights) expect(STEPS - sentAt).toBeLessThan(100);
}, 60_000);

/** What is under way arrives within 10 ms, in the adversary's order; who was rejected waits. Gives the rounds until a decision. */
function roundsToDecision(seed: bigint): number {
  const processes = new Processes(true);
  let c = processes.initial(seed);
  for (let round = 1; round <= 1000; round++) {
    for (let arriving = c.flights; arriving.length > 0; ) {
      const chosen = keepOpen(processes, c, arriving, round);
      const [first] = arriving as [Flight, ...Flight[]];
      c = chosen?.after ?? processes.deliver(c, first, round);
      arriving = arriving.filter((flight) => flight !== (chosen?.flight ?? first));
    }
    if (decidedIn(c) !== null) return round;
    processes.pass(10);
    for (const id of MEMBERS)
      if ((c.states.get(id)?.retryAt ?? Number.POSITIVE_INFINITY) <= processes.now.ticks)
        c = processes.input(c, id, { type: "Wake" }, round);
  }
  return Number.POSITIVE_INFINITY;
}

it("IM-1: with a clock, a bound on delays and random back-off the same adversary loses, in each of 100 seeds", () => {
  const rounds = Array.from({ length: 100 }, (_, seed) => roundsToDecision(BigInt(seed + 1)));
  expect(Math.max(...rounds)).toBeLessThan(150);
  expect(Math.min(...rounds)).toBeGreaterThan(1);
});
