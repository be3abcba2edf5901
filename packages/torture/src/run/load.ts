import { join } from "node:path";
import type { Cluster } from "../cluster/index.ts";
import type { Dice } from "../dice.ts";
import { lasting } from "../wait.ts";
import {
  Client,
  type Ground,
  Recorder,
  type Workload,
  type WorkloadName,
  workloadNamed,
} from "../workloads/index.ts";

/** Of one workload: a history beyond is more than a checker has room for. */
const OPERATIONS_MAX = 2_000_000;

/** How far a run is; each is aborted when it ends, and they end in this order. */
export interface Phases {
  /** Faults strike and clients begin new things. */
  readonly storm: AbortController;
  /** Not all is well yet, or somebody still writes. */
  readonly healed: AbortController;
  /** Anything is under way. */
  readonly over: AbortController;
}

export interface LoadOptions {
  readonly clients: number;
  /** Operations a second, of this workload. */
  readonly rate: number;
  readonly histories: string;
}

/** One workload with its clients and its history. */
export class Load {
  readonly name: WorkloadName;
  readonly workload: Workload;
  readonly recorder: Recorder;
  readonly file: string;
  /** Of the clients, in milliseconds; known when they are quiet. */
  longestWithoutSuccess = 0;
  readonly #ground: Ground;
  readonly #dice: Dice;
  readonly #options: LoadOptions;
  readonly #healed: AbortSignal;
  #clients: Promise<unknown> = Promise.resolve();
  #lives: Promise<unknown> = Promise.resolve();

  constructor(
    name: WorkloadName,
    cluster: Cluster,
    dice: Dice,
    options: LoadOptions,
    { storm, healed, over }: Phases,
  ) {
    this.name = name;
    this.workload = workloadNamed(name);
    this.file = join(options.histories, `${name}.jsonl`);
    this.recorder = new Recorder(this.file);
    this.#dice = dice;
    this.#options = options;
    this.#healed = healed.signal;
    let last = 0;
    const unique = (): number => ++last;
    this.#ground = {
      api: cluster.api,
      endpoints: cluster.endpoints,
      recorder: this.recorder,
      until: storm.signal,
      over: over.signal,
      unique,
    };
  }

  async prepare(): Promise<void> {
    await this.workload.prepare?.(this.#client());
  }

  /** The clients begin, and those who attend. */
  start(): void {
    const lives = Array.from({ length: this.#options.clients }, () => this.#live(this.#client()));
    const attended = this.workload.attend?.(this.#client, this.#healed);
    this.#clients = Promise.all(lives);
    this.#lives = Promise.all([...lives, attended]);
    // Who waits for them hears of it; nobody may hear of it too late.
    this.#lives.catch(() => {});
  }

  /** Resolves when no client has a call under way any more: they begin none after `until`. */
  async quiet(): Promise<void> {
    this.longestWithoutSuccess = Math.round(this.recorder.longestWithout);
    await this.#clients;
  }

  /** Reads at these members what there is, and waits for those who attend. */
  async finish(endpoints: readonly string[]): Promise<void> {
    for (const endpoint of endpoints) await this.workload.last?.(this.#client(), endpoint);
    await this.#lives;
    this.recorder.close();
  }

  readonly #client = (): Client => new Client(this.#ground, this.#dice.fork());

  async #live(client: Client): Promise<void> {
    const pace = (1000 * this.#options.clients) / this.#options.rate;
    const { until } = this.#ground;
    await lasting(client.dice.below(Math.ceil(pace)), until);
    while (!until.aborted && this.recorder.operations < OPERATIONS_MAX) {
      const began = performance.now();
      await this.workload.operate(client);
      const drawn = pace * (0.5 + client.dice.below(1000) / 1000);
      await lasting(drawn - (performance.now() - began), until);
    }
  }
}
