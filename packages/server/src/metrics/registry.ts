/**
 * All that this process measures, rendered as Prometheus text. Series are declared when they are made and
 * counted in typed arrays, so that counting costs an addition and scraping pays for the text.
 */
export class MetricsRegistry {
  readonly #families: Family[] = [];

  /** One counter per entry of `series`, which are label sets such as `code="OK"`; `[""]` for one without labels. */
  counters(name: string, help: string, series: readonly string[] = [""]): Counters {
    const counters = new Counters(series);
    this.#families.push({ name, help, type: "counter", lines: () => counters.lines(name) });
    return counters;
  }

  /** A value asked for at the scrape. */
  gauge(name: string, help: string, read: () => number | null, labels = ""): void {
    this.gauges(name, help, [{ labels, read }]);
  }

  gauges(name: string, help: string, readings: readonly Reading[]): void {
    this.#families.push({ name, help, type: "gauge", lines: () => linesOf(name, readings) });
  }

  /** One per label set, of which there are other ones at each scrape. */
  changingGauges(name: string, help: string, readings: () => readonly Reading[]): void {
    this.#families.push({ name, help, type: "gauge", lines: () => linesOf(name, readings()) });
  }

  /** A counter that somebody else keeps. */
  counter(name: string, help: string, read: () => number | null): void {
    this.counterReadings(name, help, [{ labels: "", read }]);
  }

  /** One per label set. */
  counterReadings(name: string, help: string, readings: readonly Reading[]): void {
    this.#families.push({ name, help, type: "counter", lines: () => linesOf(name, readings) });
  }

  /** `bounds` are upper bounds in ascending order, in the unit of the name; the one without end is added. */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    series: readonly string[] = [""],
  ): Histogram {
    const histogram = new Histogram(bounds, series);
    this.#families.push({ name, help, type: "histogram", lines: () => histogram.lines(name) });
    return histogram;
  }

  /** The text exposition format, version 0.0.4. */
  render(): string {
    const out: string[] = [];
    for (const { name, help, type, lines } of this.#families) {
      const values = lines();
      if (values.length === 0) continue;
      out.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...values);
    }
    return `${out.join("\n")}\n`;
  }
}

/** One series of a family, asked for at the scrape; null leaves it out. */
export interface Reading {
  readonly labels: string;
  readonly read: () => number | null;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly lines: () => readonly string[];
}

/** A family of counters. Of several, those that never counted are not shown. */
export class Counters {
  readonly #series: readonly string[];
  readonly #values: Float64Array;

  constructor(series: readonly string[]) {
    this.#series = series;
    this.#values = new Float64Array(series.length);
  }

  add(index: number, n: number): void {
    this.#values[index] = (this.#values[index] ?? 0) + n;
  }

  lines(name: string): readonly string[] {
    const lines: string[] = [];
    for (const [i, labels] of this.#series.entries()) {
      const value = this.#values[i] ?? 0;
      if (value > 0 || this.#series.length === 1) lines.push(...valueLines(name, labels, value));
    }
    return lines;
  }
}

/** A family of histograms with common bounds. Of several, those that saw nothing are not shown. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #series: readonly string[];
  /** Per series: a count for each bound and one beyond them, not yet summed up. */
  readonly #counts: Float64Array;
  readonly #sums: Float64Array;

  constructor(bounds: readonly number[], series: readonly string[]) {
    this.#bounds = bounds;
    this.#series = series;
    this.#counts = new Float64Array(series.length * (bounds.length + 1));
    this.#sums = new Float64Array(series.length);
  }

  observe(value: number, index = 0): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket++;
    const at = index * (this.#bounds.length + 1) + bucket;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sums[index] = (this.#sums[index] ?? 0) + value;
  }

  lines(name: string): readonly string[] {
    return this.#series.flatMap((labels, i) => this.#seriesLines(name, labels, i));
  }

  #seriesLines(name: string, labels: string, index: number): readonly string[] {
    const lines: string[] = [];
    const width = this.#bounds.length + 1;
    let seen = 0;
    for (let bucket = 0; bucket < width; bucket++) {
      seen += this.#counts[index * width + bucket] ?? 0;
      const le = `le="${this.#bounds[bucket] ?? "+Inf"}"`;
      lines.push(`${name}_bucket{${labels === "" ? le : `${labels},${le}`}} ${seen}`);
    }
    if (seen === 0 && this.#series.length > 1) return [];
    lines.push(...valueLines(`${name}_sum`, labels, this.#sums[index] ?? 0));
    lines.push(...valueLines(`${name}_count`, labels, seen));
    return lines;
  }
}

const linesOf = (name: string, readings: readonly Reading[]): readonly string[] =>
  readings.flatMap(({ labels, read }) => valueLines(name, labels, read()));

function valueLines(name: string, labels: string, value: number | null): readonly string[] {
  if (value === null) return [];
  return [labels === "" ? `${name} ${value}` : `${name}{${labels}} ${value}`];
}

/** A label set from pairs, its values escaped as the format demands. */
export function labels(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, escaped)}"`)
    .join(",");
}

const escaped = (character: string): string => (character === "\n" ? "\\n" : `\\${character}`);
