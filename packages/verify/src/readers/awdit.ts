import { Malformed } from "../history/index.ts";
import type { Step, Transaction } from "../transactions/index.ts";
import { atom, Sessions } from "./sessions.ts";

/** AWDIT's plain text: `w key value` and `r key value`, a row of - ends a transaction, a row of = a session. */
export function awditTransactions(text: string): readonly Transaction[] {
  const sessions = new Sessions();
  let session = 0;
  let steps: Step[] | null = null;
  text.split("\n").forEach((raw, i) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith("//")) return;
    if (/^-+$/.test(line)) {
      steps = null;
    } else if (/^=+$/.test(line)) {
      steps = null;
      session++;
    } else {
      steps ??= sessions.begin(session, "ok");
      steps.push(stepOf(line, i + 1));
    }
  });
  return sessions.transactions([0]);
}

function stepOf(line: string, number: number): Step {
  const [type, key, value, ...more] = line.split(/\s+/);
  const known = (type === "r" || type === "w") && key !== undefined && value !== undefined;
  if (!known || more.length > 0) {
    throw new Malformed(
      `expected \`w key value\` or \`r key value\`, found ${line.slice(0, 60)}`,
      number,
    );
  }
  return { type: type === "r" ? "read" : "write", key: atom(key), value: atom(value) };
}
