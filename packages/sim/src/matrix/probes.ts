import { DEFAULT_KEYSPACE, type Outcome, type ReadLevel } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { putRequest } from "../workload/etcd-requests.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import type { Sides } from "./sides.ts";

/** Every node that runs is asked to read and to write so often. */
const PROBE_MICROS = 100_000;
const PATIENCE_MILLIS = 1000;
/** A client gives a node that says nothing half as long again. */
const SILENCE_MICROS = 1_500_000;

/** How requests ended: `refused` certainly had no effect; of those `unanswered` nobody knows. */
export interface Answers {
  readonly ok: number;
  readonly refused: number;
  readonly unanswered: number;
}

export type Request = "read" | "write";
/** Where the node that was asked stood all along; `neither`: in between, or now here, now there. */
export type Standing = "majority" | "minority" | "neither";

/** What clients that go on asking, at every node, were answered. */
export class Probes {
  readonly #world: World;
  readonly #sides: Sides;
  readonly #level: ReadLevel;
  readonly #onWritten: () => void;
  readonly answers: Record<Request, Record<Standing, Answers>> = {
    read: { majority: NONE, minority: NONE, neither: NONE },
    write: { majority: NONE, minority: NONE, neither: NONE },
  };
  /** Microseconds that requests took which were answered where there was a majority. */
  readonly latencies: Record<Request, number[]> = { read: [], write: [] };
  /** Writes that were acknowledged, by key: each goes to that of its node. */
  readonly acknowledged = new Map<string, number>();
  #over = false;

  constructor(world: World, sides: Sides, level: ReadLevel, onWritten: () => void) {
    this.#world = world;
    this.#sides = sides;
    this.#level = level;
    this.#onWritten = onWritten;
  }

  /** Begins to ask, the nodes one after the other. */
  start(): this {
    const { nodes, agenda } = this.#world;
    nodes.forEach((node, i) => {
      agenda.after(Math.floor((i * PROBE_MICROS) / nodes.length), () => this.#probe(node, 1));
    });
    return this;
  }

  stop(): void {
    this.#over = true;
  }

  #probe(node: SimNode, number: number): void {
    if (this.#over) return;
    if (node.runs) {
      this.#write(node, number);
      this.#read(node);
    }
    this.#world.agenda.after(PROBE_MICROS, () => this.#probe(node, number + 1));
  }

  #write(node: SimNode, number: number): void {
    const key = `probe-${node.name}`;
    const ended = this.#ask("write", node);
    const onReply = (outcome: Outcome): void => {
      if (!ended(answerOf(outcome))) return;
      if (!outcome.ok) return;
      this.acknowledged.set(key, (this.acknowledged.get(key) ?? 0) + 1);
      this.#onWritten();
    };
    const body = putRequest(key, String(number));
    const caller = { onReply, onReadable: () => {} };
    node.request(caller, DEFAULT_KEYSPACE, EtcdKind.put, body, PATIENCE_MILLIS);
  }

  #read(node: SimNode): void {
    const ended = this.#ask("read", node);
    const caller = {
      onReply: (outcome: Outcome) => void ended(answerOf(outcome)),
      onReadable: () => void ended("ok"),
    };
    node.read(caller, DEFAULT_KEYSPACE, this.#level, PATIENCE_MILLIS);
  }

  /** Counts what came of a request, once: what comes too late is not an answer. */
  #ask(request: Request, node: SimNode): (answer: keyof Answers) => boolean {
    const { agenda } = this.#world;
    const asked = agenda.now;
    this.#sides.look();
    let open = true;
    const ended = (answer: keyof Answers): boolean => {
      if (!open) return false;
      open = false;
      this.#sides.look();
      const side = this.#sides.allAlong(node, asked);
      const standing = side === "majority" || side === "minority" ? side : "neither";
      const counts = this.answers[request];
      counts[standing] = { ...counts[standing], [answer]: counts[standing][answer] + 1 };
      if (answer === "ok" && standing === "majority")
        this.latencies[request].push(agenda.now - asked);
      return true;
    };
    agenda.after(SILENCE_MICROS, () => void ended("unanswered"));
    return ended;
  }
}

const NONE: Answers = { ok: 0, refused: 0, unanswered: 0 };

const answerOf = (outcome: Outcome): keyof Answers =>
  outcome.ok ? "ok" : outcome.definite ? "refused" : "unanswered";
