import type { Operation, Outcome, Value } from "./operation.ts";

/** What a recorder writes down: that something was asked, or how it ended. */
export interface Event {
  readonly type: "invoke" | Outcome;
  /** Null where the recorder named none: such events are paired by what they do. */
  readonly process: number | null;
  readonly f: string;
  readonly key: string | null;
  /** Of an invocation what it was called with, of a completion what it answered; undefined where nothing was said. */
  readonly value: Value | undefined;
  readonly time: number;
}

/**
 * Operations from events in the order of their times. An operation without a completion is of unknown outcome; so is one whose
 * process goes on without having completed it. A completion that nobody invoked was an operation of that one moment.
 */
export function pair(events: readonly Event[]): readonly Operation[] {
  const drafts: Draft[] = [];
  const open = new Map<number, Draft>();
  const nameless: Draft[] = [];
  for (const event of events) {
    const begun = event.type === "invoke" ? undefined : take(event, open, nameless);
    if (begun !== undefined) {
      complete(begun, event);
      continue;
    }
    const draft = begin(event);
    drafts.push(draft);
    if (event.type !== "invoke") continue;
    if (event.process === null) nameless.push(draft);
    else open.set(event.process, draft);
  }
  return number(drafts);
}

/** The operation that this event completes: its process's; without a process one that does the same, best with the same value. */
function take(event: Event, open: Map<number, Draft>, nameless: Draft[]): Draft | undefined {
  if (event.process !== null) {
    const begun = open.get(event.process);
    open.delete(event.process);
    return begun;
  }
  const alike = nameless.filter(({ f, key }) => f === event.f && key === event.key);
  const text = JSON.stringify(event.value ?? null);
  const begun = alike.find(({ input }) => JSON.stringify(input) === text) ?? alike[0];
  if (begun !== undefined) nameless.splice(nameless.indexOf(begun), 1);
  return begun;
}

interface Draft {
  readonly process: number | null;
  readonly f: string;
  readonly key: string | null;
  readonly input: Value;
  output: Value;
  readonly called: number;
  returned: number;
  outcome: Outcome;
}

function begin({ type, process, f, key, value, time }: Event): Draft {
  const input = value ?? null;
  const open = { process, f, key, input, called: time };
  if (type === "invoke" || type === "unknown") {
    return { ...open, output: null, returned: Number.POSITIVE_INFINITY, outcome: "unknown" };
  }
  return { ...open, output: input, returned: time, outcome: type };
}

function complete(draft: Draft, { type, value, time }: Event): void {
  if (type === "invoke") return;
  draft.outcome = type;
  if (value !== undefined) draft.output = value;
  if (type !== "unknown") draft.returned = time;
}

/** In the order of calls; operations without a process get one each, so that nothing is said of their order. */
function number(drafts: readonly Draft[]): readonly Operation[] {
  let nobody = 0;
  for (const { process } of drafts) if (process !== null && process >= nobody) nobody = process + 1;
  const sorted = isSorted(drafts) ? drafts : [...drafts].sort((a, b) => a.called - b.called);
  return sorted.map((draft, index) => ({
    ...draft,
    index,
    process: draft.process ?? nobody + index,
  }));
}

const isSorted = (drafts: readonly Draft[]): boolean =>
  drafts.every((draft, i) => i === 0 || (drafts[i - 1] as Draft).called <= draft.called);
