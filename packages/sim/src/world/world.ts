import {
  type ClusterId,
  clusterId,
  DEFAULT_KEYSPACE,
  type KeyspaceId,
  type NodeId,
  nodeId,
  SYSTEM_KEYSPACE,
} from "@quorate/kernel/core";
import { DEFAULT_OPTIONS, type NodeOptions } from "@quorate/kernel/replica";
import { Agenda } from "./agenda.ts";
import type { ClockFault } from "./clock.ts";
import { Dice } from "./dice.ts";
import { Disk, type DiskFaults, HEALTHY_DISK } from "./disk.ts";
import { CALM_NETWORK, Network, type NetworkFaults } from "./network.ts";
import { Observer } from "./observer.ts";
import { SimNode } from "./sim-node.ts";
import { Trace } from "./trace.ts";

/** A world is made from this and nothing else. */
export interface WorldSetup {
  readonly seed: bigint;
  readonly nodes: number;
  readonly network?: NetworkFaults;
  readonly disk?: DiskFaults;
  readonly options?: NodeOptions;
  /** Per node, where it differs: another release, other settings. */
  readonly optionsOf?: (index: number) => Partial<NodeOptions>;
  readonly clockOf?: (index: number) => ClockFault;
}

const EXACT: ClockFault = { ratePerMille: 0, aheadTicks: 0 };

/** Nodes, a network, disks and clocks in one seeded event queue: the same setup is the same run, event by event. */
export class World {
  readonly agenda = new Agenda();
  readonly trace = new Trace();
  readonly observer = new Observer();
  readonly dice: Dice;
  readonly network: Network;
  readonly nodes: SimNode[] = [];
  readonly cluster: ClusterId;
  /** Nodes that stopped by themselves, and why. */
  readonly halted: { readonly name: string; readonly reason: string }[] = [];
  /** Notes of the nodes, by name and event: a world without damage expects no repairs. */
  readonly notes: { readonly name: string; readonly event: string }[] = [];
  readonly #setup: WorldSetup;
  #numbers = 0;
  readonly #startListeners: ((node: SimNode) => void)[] = [];

  constructor(setup: WorldSetup) {
    this.#setup = setup;
    this.#numbers = setup.nodes;
    this.dice = new Dice(setup.seed);
    this.cluster = clusterId(this.dice.id());
    this.network = new Network(
      this.agenda,
      this.dice.fork(),
      setup.network ?? CALM_NETWORK,
      this.trace,
    );
    const founders = Array.from({ length: setup.nodes }, (_, index) => ({
      node: nodeId(BigInt(index + 1)),
      name: `n${index + 1}`,
      peerAddress: `n${index + 1}:2380`,
    }));
    for (const { node, name } of founders) this.addNode(node, name, founders);
  }

  /** A number that no node has or had. */
  newNumber(): number {
    return ++this.#numbers;
  }

  /** A node that is not booted yet; one outside the founders is to join. */
  addNode(
    id: NodeId,
    name: string,
    founders: readonly {
      readonly node: NodeId;
      readonly name: string;
      readonly peerAddress: string;
    }[],
  ): SimNode {
    const index = this.nodes.length;
    const disk = new Disk(this.cluster, id, this.dice.fork(), this.#setup.disk ?? HEALTHY_DISK);
    const options: NodeOptions = {
      ...(this.#setup.options ?? DEFAULT_OPTIONS),
      ...this.#setup.optionsOf?.(index),
    };
    const parts = {
      id,
      name,
      identity: { cluster: this.cluster, node: id },
      self: { name, peerAddress: `${name}:2380`, clientAddresses: [`http://${name}:2379`] },
      bootstrap: { founders },
      options,
      disk,
      clock: this.#setup.clockOf?.(index) ?? EXACT,
    };
    const node = new SimNode(parts, this.agenda, this.dice.fork(), this.network, this.trace, {
      turned: (turned) => this.observer.turned(turned),
      spun: (spinning, turns) => this.observer.spun(spinning, turns),
      started: (started) => {
        this.observer.restarted(started);
        for (const listener of this.#startListeners) listener(started);
      },
      noted: (noting, event) => this.notes.push({ name: noting.name, event }),
      halted: (gone, reason) => this.halted.push({ name: gone.name, reason }),
    });
    this.nodes.push(node);
    this.network.add(node);
    return node;
  }

  boot(): this {
    for (const node of this.nodes) node.boot();
    return this;
  }

  /** Called whenever a node has started, before its first turn. */
  onStarted(listener: (node: SimNode) => void): void {
    this.#startListeners.push(listener);
  }

  node(name: string): SimNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new RangeError(`no node ${name}`);
    return found;
  }

  /** Lets so many milliseconds pass. */
  run(millis: number): this {
    const until = this.agenda.now + millis * 1000;
    while (this.agenda.step(until)) if (this.observer.violations.length > 0) break;
    return this;
  }

  /** Lets time pass until it holds, at most so many milliseconds. False if it did not come to hold. */
  until(holds: () => boolean, millisMax: number): boolean {
    const until = this.agenda.now + millisMax * 1000;
    while (!holds()) if (!this.agenda.step(until)) return holds();
    return true;
  }

  /** The nodes that belong to the cluster now and are there. */
  members(): readonly SimNode[] {
    const ids = this.memberIds();
    return this.nodes.filter(({ id, retired }) => ids.has(id) && !retired);
  }

  /** Who belongs to the cluster, as the node that knows most of group 0 says; all while nobody knows. */
  memberIds(): ReadonlySet<NodeId> {
    let best: { readonly index: number; readonly ids: ReadonlySet<NodeId> } | null = null;
    for (const { kernel } of this.nodes) {
      const index = kernel?.groupOf(SYSTEM_KEYSPACE)?.appliedIndex ?? -1;
      const known = kernel?.status().members ?? [];
      if (known.length > 0 && (best === null || index > best.index))
        best = { index, ids: new Set(known.map(({ node }) => node)) };
    }
    return best?.ids ?? new Set(this.nodes.map(({ id }) => id));
  }

  /** The node that leads a keyspace with the highest term, if any does. */
  leader(keyspace: KeyspaceId = DEFAULT_KEYSPACE): SimNode | null {
    let best: { readonly node: SimNode; readonly term: number } | null = null;
    for (const node of this.nodes) {
      const replica = node.kernel?.replicaOf(keyspace);
      if (!replica?.isLeader) continue;
      const { term } = replica.state;
      if (best === null || term > best.term) best = { node, term };
    }
    return best?.node ?? null;
  }

  /** Cuts every link between the two sides, in both directions or only from the first to the second; gives the way back. */
  partition(
    one: readonly SimNode[],
    other: readonly SimNode[],
    direction: "both" | "forward" = "both",
  ): () => void {
    this.trace.note(
      this.agenda.now,
      `cut ${names(one)} ${direction === "both" ? "|" : ">"} ${names(other)}`,
    );
    const undo: (() => void)[] = [];
    for (const a of one) {
      for (const b of other) {
        undo.push(this.network.cut(a.id, b.id));
        if (direction === "both") undo.push(this.network.cut(b.id, a.id));
      }
    }
    return () => {
      this.trace.note(this.agenda.now, `join ${names(one)} and ${names(other)}`);
      for (const join of undo) join();
    };
  }

  heal(): void {
    if (this.network.isWhole) return;
    this.trace.note(this.agenda.now, "heal");
    this.network.heal();
  }
}

const names = (nodes: readonly SimNode[]): string => nodes.map(({ name }) => name).join(",");
