import { readFileSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";

/** Between two looks at the event loop. Its timer costs a little, so it runs only where somebody asks. */
const LOOK_MILLIS = 2;
/** Without it the kernel does not say how long a thread stood in line. */
const SCHEDULING = `/proc/self/task/${process.pid}/schedstat`;

/** The longest of each between two looks, in milliseconds; each may be of another time. */
export interface LoopPauses {
  /** How much later than asked the loop looked: from the outside, how long it stood still. */
  readonly late: number;
  /** CPU that the loop's thread took between two looks: what it computed without a break, and at most `LOOK_MILLIS` more. */
  readonly computed: number;
  /** The thread could run and had no core. No program can mend that. */
  readonly inLine: number;
  /** It was late, neither computed nor stood in line: it waited for a disk, or for V8's other threads. */
  readonly blocked: number;
  /** One pause of the garbage collector, which is part of the above. It is a wall's time, waits for a core included. */
  readonly collected: number;
}

/**
 * Looks at the event loop of this thread every few milliseconds. A pause that the program made is told from one in which the
 * machine had no core for it: by the wall's clock both are the same.
 */
export class LoopWatch {
  #pauses = NONE;
  #at = 0;
  #cpu = 0;
  #line = 0;

  start(): void {
    this.#note();
    setInterval(() => this.#look(), LOOK_MILLIS).unref();
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#longest({ collected: duration });
    });
    observer.observe({ entryTypes: ["gc"] });
  }

  /** Since the last time. */
  take(): LoopPauses {
    const taken = this.#pauses;
    this.#pauses = NONE;
    return taken;
  }

  #look(): void {
    const [at, cpu, line] = [this.#at, this.#cpu, this.#line];
    this.#note();
    const late = this.#at - at - LOOK_MILLIS;
    const computed = this.#cpu - cpu;
    const inLine = this.#line - line;
    const blocked = Math.max(0, late - computed - inLine);
    this.#longest({ late, computed, inLine, blocked });
  }

  #note(): void {
    const { user, system } = process.threadCpuUsage();
    this.#cpu = (user + system) / 1000;
    this.#line = waited();
    this.#at = performance.now();
  }

  #longest(found: Partial<LoopPauses>): void {
    const { late = 0, computed = 0, inLine = 0, blocked = 0, collected = 0 } = found;
    const so = this.#pauses;
    this.#pauses = {
      late: Math.max(so.late, late),
      computed: Math.max(so.computed, computed),
      inLine: Math.max(so.inLine, inLine),
      blocked: Math.max(so.blocked, blocked),
      collected: Math.max(so.collected, collected),
    };
  }
}

const NONE: LoopPauses = { late: 0, computed: 0, inLine: 0, blocked: 0, collected: 0 };

/** Milliseconds that the main thread has waited for a core, since it began. */
function waited(): number {
  const [, nanos = "0"] = readFileSync(SCHEDULING, "latin1").split(" ");
  return Number(nanos) / 1e6;
}
