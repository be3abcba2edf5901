import { type Event, pair } from "./event.ts";
import { parseJson } from "./json.ts";
import { Malformed } from "./malformed.ts";
import type { History, Operation, Value } from "./operation.ts";
import { wordOf } from "./word.ts";

/** The first line of a file, without its line end. */
export const HISTORY_HEADER = '{"format":"quorate-history","version":1}';
/** A history beyond this is refused: it would not fit into memory. */
export const EVENTS_MAX = 20_000_000;
/** The longest line that is read. */
export const LINE_CHARACTERS_MAX = 16 * 1024 * 1024;

/**
 * Reads our own format (docs/histories.md), line by line as they come: `line` for each, `end` for the history. Both throw
 * `Malformed` with the number of the line.
 */
export class HistoryReader {
  private readonly events: Event[] = [];
  private lines = 0;
  private readonly openUntil = new Map<number, number>();
  /** What each process has invoked and not completed. */
  private readonly invoked = new Map<number, string>();

  line(text: string): void {
    this.lines++;
    if (text.length > LINE_CHARACTERS_MAX) throw this.malformed("the line is too long");
    if (this.lines === 1) {
      this.header(text);
      return;
    }
    if (text.trim() === "") return;
    if (this.events.length >= EVENTS_MAX) throw this.malformed(`more than ${EVENTS_MAX} events`);
    this.events.push(this.event(text));
  }

  end(): History {
    if (this.lines === 0) throw this.malformed(`expected ${HISTORY_HEADER}`);
    const order = this.events.map((_, i) => i);
    const events = this.events;
    order.sort((a, b) => (events[a] as Event).time - (events[b] as Event).time || a - b);
    return pair(order.map((i) => events[i] as Event));
  }

  /** Whoever writes the header with another library spaces it otherwise. */
  private header(text: string): void {
    const record = text.trim().startsWith("{") ? parseJson(text, this.lines) : null;
    const known = isRecord(record) && record["format"] === "quorate-history";
    if (!known) throw this.malformed(`expected ${HISTORY_HEADER}`);
    const { version } = record;
    if (version !== 1) throw this.malformed(`version ${wordOf(version ?? null)}, and 1 is read`);
  }

  private event(text: string): Event {
    const record = parseJson(text, this.lines);
    if (!isRecord(record)) throw this.malformed("expected a JSON object");
    const type = record["type"];
    const [process, f, time] = [record["process"], record["f"], record["time"]];
    const key = record["key"] ?? null;
    if (type !== "invoke" && type !== "ok" && type !== "failed" && type !== "unknown") {
      throw this.malformed("`type` must be invoke, ok, failed or unknown");
    }
    if (!isCount(process)) throw this.malformed("`process` must be a whole number from 0");
    if (typeof f !== "string") throw this.malformed("`f` must be a string");
    if (!Number.isSafeInteger(time)) throw this.malformed("`time` must be a whole number");
    if (key !== null && typeof key !== "string") throw this.malformed("`key` must be a string");
    this.order(process, time as number);
    this.completes(type, process, f);
    return {
      type,
      process,
      f,
      key,
      value: record["value"],
      time: time as number,
    };
  }

  private order(process: number, time: number): void {
    if ((this.openUntil.get(process) ?? time) > time) {
      throw this.malformed(`process ${process} goes back in time`);
    }
    this.openUntil.set(process, time);
  }

  private completes(type: Event["type"], process: number, f: string): void {
    const begun = this.invoked.get(process);
    if (type === "invoke") this.invoked.set(process, f);
    else this.invoked.delete(process);
    if (type === "invoke" || begun === undefined || begun === f) return;
    throw this.malformed(
      `process ${process} completes ${wordOf(f)}, and had invoked ${wordOf(begun)}`,
    );
  }

  private malformed(why: string): Malformed {
    return new Malformed(why, this.lines);
  }
}

/** A whole file at once. */
export function parseHistory(text: string): History {
  const reader = new HistoryReader();
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf("\n", from);
    reader.line(text.slice(from, end < 0 ? text.length : end));
    from = end < 0 ? text.length : end + 1;
  }
  return reader.end();
}

/** The lines of a history, each with its line end: calls and returns in the order of their times. */
export function* formatHistory(history: History): Generator<string> {
  yield `${HISTORY_HEADER}\n`;
  const moments = history.flatMap((operation): Moment[] => {
    const call = { time: operation.called, ends: false, operation };
    if (operation.outcome === "unknown") return [call];
    return [call, { time: operation.returned, ends: true, operation }];
  });
  // A process may return and call at one time, or call and return: what it did first comes first.
  moments.sort((a, b) => a.time - b.time || a.operation.index - b.operation.index || rank(a, b));
  for (const moment of moments) yield `${JSON.stringify(eventOf(moment))}\n`;
}

interface Moment {
  readonly time: number;
  readonly ends: boolean;
  readonly operation: Operation;
}

const rank = (a: Moment, b: Moment): number => Number(a.ends) - Number(b.ends);

function eventOf({ time, ends, operation }: Moment): object {
  const { process, f, key, input, output, outcome } = operation;
  const type = ends ? outcome : "invoke";
  const value = ends ? output : input;
  return { type, process, f, ...(key === null ? {} : { key }), value, time };
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const isRecord = (value: Value): value is { readonly [name: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
