import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { type Applicant, Lane, type Waiting } from "./lane.ts";
import { LoopProbe } from "./loop-probe.ts";
import { ADMISSION_OPTIONS, type AdmissionOptions, LANES, type LaneName } from "./options.ts";

/**
 * The door to the node for what clients ask, on every listener: so many calls of each lane under way, the data lane's limit
 * adapting to how long the event loop makes calls wait (docs/decisions/0012). A lane's queue and places are its own: no renewal
 * of a lease ever waits for a put. Whoever is refused has had nothing done.
 */
export class Admission {
  readonly #lanes: Readonly<Record<LaneName, Lane>>;
  readonly #limit: ConcurrencyLimit;
  readonly #probe: LoopProbe;
  /** What the data lane had counted at the last look at the delay. */
  #seen = { entered: 0, refused: 0 };
  /** Since then. */
  #used = false;

  constructor(options: AdmissionOptions = ADMISSION_OPTIONS) {
    const { data, stream, lease, control } = options.lanes;
    this.#limit = new ConcurrencyLimit(options.limit);
    this.#lanes = {
      data: new Lane({ ...data, callsMax: this.#limit.calls }),
      stream: new Lane(stream),
      lease: new Lane(lease),
      control: new Lane(control),
    };
    this.#probe = new LoopProbe((delayMs, now) => this.#onDelay(delayMs, now));
  }

  lane(name: LaneName): Lane {
    return this.#lanes[name];
  }

  /** Lets a call in that need not wait; its lane's `leave` is owed then. */
  tryEnter(lane: Lane, bytes: number): boolean {
    this.#used = true;
    if (!this.#probe.isRunning) this.#probe.start();
    return lane.tryEnter(bytes);
  }

  /** Lets a call wait that was not let in, `waitMs` at most; null where as many wait as may, and it is refused. */
  wait(lane: Lane, applicant: Applicant, bytes: number, waitMs: number): Waiting | null {
    const now = performance.now();
    return lane.wait(applicant, bytes, now, now + waitMs);
  }

  /** What was let in has been refused by whoever does the work. */
  onRefusedBehind(): void {
    this.#limit.onRefusedBehind();
  }

  stop(): void {
    this.#probe.stop();
  }

  /** Goes on while anything came in since the last look, is under way, or waits. */
  #onDelay(delayMs: number, now: number): boolean {
    const { data } = this.#lanes;
    const { entered } = data;
    const refused = data.refused.full;
    this.#limit.observe(delayMs, entered - this.#seen.entered, refused - this.#seen.refused, now);
    this.#seen = { entered, refused };
    if (data.callsMax !== this.#limit.calls) data.setCallsMax(this.#limit.calls);
    let inUse = this.#used;
    this.#used = false;
    for (const name of LANES) {
      const lane = this.#lanes[name];
      lane.expire(now);
      inUse ||= lane.calls > 0;
    }
    return inUse;
  }
}
