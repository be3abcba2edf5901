import type { Outcome } from "../history/index.ts";
import type { Atom, Step, Transaction } from "../transactions/index.ts";

/** Transactions as a file tells them: session by session or mixed, without times. */
export class Sessions {
  private readonly drafts: Draft[] = [];
  private readonly byName = new Map<string, Draft>();
  private readonly lengths = new Map<string | number, number>();
  private readonly numbers = new Map<string | number, number>();

  /** A new transaction at the end of its session; steps are pushed to what is returned. */
  begin(session: string | number, outcome: Outcome): Step[] {
    return this.open(session, outcome).steps;
  }

  /** The transaction of this name in this session, begun if it is new. */
  named(session: string | number, name: string | number, outcome: Outcome): Step[] {
    const key = `${session} ${name}`;
    let draft = this.byName.get(key);
    if (draft === undefined) {
      draft = this.open(session, outcome);
      this.byName.set(key, draft);
    }
    return draft.steps;
  }

  /** `initial` says which values nobody needs to have written: where nobody did, they are the state before all writes. */
  transactions(initial: readonly Atom[]): readonly Transaction[] {
    const written = initial.length === 0 ? null : this.written(initial);
    return this.drafts.map((draft, index) => ({
      index,
      session: draft.session,
      place: draft.place,
      outcome: draft.outcome,
      called: null,
      returned: null,
      steps:
        written === null
          ? draft.steps
          : draft.steps.map((step) => unwritten(step, initial, written)),
    }));
  }

  private open(session: string | number, outcome: Outcome): Draft {
    let number = this.numbers.get(session);
    if (number === undefined) {
      number = this.numbers.size;
      this.numbers.set(session, number);
    }
    const place = this.lengths.get(session) ?? 0;
    this.lengths.set(session, place + 1);
    const draft: Draft = { session: number, place, outcome, steps: [] };
    this.drafts.push(draft);
    return draft;
  }

  /** Who wrote an initial value, by key and value. */
  private written(initial: readonly Atom[]): ReadonlySet<string> {
    const found = new Set<string>();
    for (const { steps } of this.drafts) {
      for (const step of steps) {
        if (step.type === "write" && initial.includes(step.value))
          found.add(`${step.key} ${step.value}`);
      }
    }
    return found;
  }
}

interface Draft {
  readonly session: number;
  readonly place: number;
  readonly outcome: Outcome;
  readonly steps: Step[];
}

function unwritten(step: Step, initial: readonly Atom[], written: ReadonlySet<string>): Step {
  if (step.type !== "read" || step.value === null || !initial.includes(step.value)) return step;
  return written.has(`${step.key} ${step.value}`) ? step : { ...step, value: null };
}

/** As a number where it is exact, as text where it is not. */
export function atom(text: string): Atom {
  const value = Number(text);
  return Number.isSafeInteger(value) && String(value) === text ? value : text;
}
