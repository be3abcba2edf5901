import type { ServerProcess } from "./server-process.ts";

/** Which process a member is: none while it is down. Whoever takes it down or stops it claims it first. */
export class Member {
  readonly index: number;
  readonly name: string;
  /** host:port of the client port. */
  readonly client: string;
  readonly dataDir: string;
  /** The file that sets its wall clock. It is not on its disk. */
  readonly clock: string;
  readonly #launch: () => ServerProcess;
  readonly #onEnd: (member: Member, how: string) => void;
  #process: ServerProcess | null = null;
  #claimed = false;

  constructor(
    place: Pick<Member, "index" | "name" | "client" | "dataDir" | "clock">,
    launch: () => ServerProcess,
    onEnd: (member: Member, how: string) => void,
  ) {
    this.index = place.index;
    this.name = place.name;
    this.client = place.client;
    this.dataDir = place.dataDir;
    this.clock = place.clock;
    this.#launch = launch;
    this.#onEnd = onEnd;
  }

  get isUp(): boolean {
    return this.#process?.isRunning ?? false;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  get said(): readonly string[] {
    return this.#process?.said ?? [];
  }

  /** Takes the member for one fault alone; null where another has it. Call the answer to give it back. */
  claim(): (() => void) | null {
    if (this.#claimed) return null;
    this.#claimed = true;
    return () => {
      this.#claimed = false;
    };
  }

  /** Starts it, unless it runs. An end that `kill` did not bring about is told to `onEnd`. */
  boot(): void {
    if (this.isUp) return;
    const process = this.#launch();
    this.#process = process;
    void process.ended.then((how) => {
      if (this.#process === process) this.#onEnd(this, how);
    });
  }

  /** SIGKILL, and waits for the end. False where it did not run. */
  async kill(): Promise<boolean> {
    const process = this.#process;
    this.#process = null;
    if (process === null || !process.signal("SIGKILL")) return false;
    await process.ended;
    return true;
  }

  /** SIGKILL, without waiting: for the end of all. */
  killNow(): void {
    const process = this.#process;
    this.#process = null;
    process?.signal("SIGKILL");
  }

  /** SIGSTOP. */
  pause(): boolean {
    return this.#process?.signal("SIGSTOP") ?? false;
  }

  /** SIGCONT; harmless where it was not stopped. */
  resume(): void {
    this.#process?.signal("SIGCONT");
  }
}
