import { type Event, type History, type Outcome, pair, type Value } from "../history/index.ts";

const LINE = /jepsen\.util\s+-\s+(\d+)\s+:(invoke|ok|fail|info)\s+:([\w-]+)\s*(.*)$/;

const OUTCOMES: Readonly<Record<string, "invoke" | Outcome>> = {
  invoke: "invoke",
  ok: "ok",
  fail: "failed",
  info: "unknown",
};

/**
 * Jepsen's text log of one compare-and-set register. Lines that do not look like operations are noise. A failed operation
 * keeps its value as its answer, for a failed comparison is an observation; one that timed out answers nothing.
 */
export function jepsenLogHistory(text: string): History {
  const events: Event[] = [];
  for (const line of text.split("\n")) {
    const match = LINE.exec(line.trimEnd());
    if (match === null) continue;
    const [, process, name, f, rest] = match as unknown as [string, string, string, string, string];
    const silent = name === "info" || (name === "fail" && !/^[-\d[]/.test(rest));
    const given = silent ? null : valueIn(rest.trim());
    // A comparison that timed out may have swapped.
    const type = silent && f === "cas" ? "unknown" : (OUTCOMES[name] as "invoke" | Outcome);
    events.push({
      type,
      process: Number(process),
      f,
      key: null,
      value: given,
      time: events.length,
    });
  }
  return pair(events);
}

function valueIn(text: string): Value {
  if (text === "nil" || text === "") return null;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  if (!/^\[.*\]$/.test(text)) return text;
  return text
    .slice(1, -1)
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map(valueIn);
}
