import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Latencies in a histogram of high dynamic range (HdrHistogram, as Node has it): three digits of each are kept. */
export class Latencies {
  readonly #micros: RecordableHistogram = createHistogram();

  get count(): number {
    return this.#micros.count;
  }

  record(millis: number): void {
    this.#micros.record(Math.max(1, Math.round(millis * 1000)));
  }

  /** In milliseconds; 0 where nothing was recorded. */
  percentile(percent: number): number {
    return this.count === 0 ? 0 : this.#micros.percentile(percent) / 1000;
  }

  summary(): { readonly [percentile: string]: number } {
    return {
      count: this.count,
      p50: this.percentile(50),
      p90: this.percentile(90),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
      max: this.percentile(100),
    };
  }
}
