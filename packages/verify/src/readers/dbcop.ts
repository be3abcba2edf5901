import { Malformed } from "../history/index.ts";
import type { Atom, Step, Transaction } from "../transactions/index.ts";
import { atom, Sessions } from "./sessions.ts";

const TRANSACTION = /\[([^\][]*)\]\s*(!?)/y;
const STEP = /^([\p{L}\p{N}_]+)\s*(:=|==)\s*(\?|-?\w+)$/u;

/** dbcop's compact text: `[x:=1 y==2 z==?]`, `!` after an aborted transaction, a row of - between sessions, `//` comments. */
export function dbcopTransactions(text: string): readonly Transaction[] {
  const sessions = new Sessions();
  let session = 0;
  text.split("\n").forEach((raw, i) => {
    const line = raw.replace(/\/\/.*$/, "").trim();
    if (/^-+$/.test(line)) session++;
    else readLine(line, i + 1, session, sessions);
  });
  return sessions.transactions([]);
}

function readLine(line: string, number: number, session: number, sessions: Sessions): void {
  for (let at = 0; at < line.length; ) {
    TRANSACTION.lastIndex = at;
    const match = TRANSACTION.exec(line);
    if (match === null) {
      throw new Malformed(
        `expected a transaction in brackets, found ${line.slice(at, at + 60)}`,
        number,
      );
    }
    const steps = sessions.begin(session, match[2] === "!" ? "failed" : "ok");
    for (const word of words(match[1] as string)) steps.push(stepOf(word, number));
    at = TRANSACTION.lastIndex;
    while (line[at] === " " || line[at] === "\t" || line[at] === ",") at++;
  }
}

/** Steps are divided by blanks; blanks around an operator are forgiven. */
const words = (inside: string): readonly string[] =>
  inside
    .replace(/\s*(:=|==)\s*/g, "$1")
    .split(/[\s,]+/)
    .filter((word) => word !== "");

function stepOf(word: string, number: number): Step {
  const match = STEP.exec(word);
  if (match === null)
    throw new Malformed(`expected x:=1, x==1 or x==?, found ${word.slice(0, 60)}`, number);
  const key = match[1] as Atom;
  const given = match[3] as string;
  if (match[2] === ":=") {
    if (given === "?") throw new Malformed("a write of ?", number);
    return { type: "write", key, value: atom(given) };
  }
  return { type: "read", key, value: given === "?" ? null : atom(given) };
}
