import { Malformed } from "../history/index.ts";
import type { Transaction } from "../transactions/index.ts";
import { atom, Sessions } from "./sessions.ts";

const LINE = /^([rwRW])\s*\(\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(-?\d+)\s*\)\s*[,;]?$/;

/**
 * The text of IsoVista, PolySI and Plume: `r(key,value,session,transaction)` or `w(…)` a line. Transaction -1 was aborted. Where
 * `initial` is true, 0 (or -1) that nobody wrote is the initial value; else it is read out of thin air.
 */
export function operationLines(text: string, initial: boolean): readonly Transaction[] {
  const sessions = new Sessions();
  text.split("\n").forEach((raw, i) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith("//")) return;
    const match = LINE.exec(line);
    if (match === null) {
      throw new Malformed(
        `expected r(key,value,session,transaction), found ${line.slice(0, 60)}`,
        i + 1,
      );
    }
    const [, type, key, value, session, transaction] = match as unknown as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const outcome = transaction === "-1" ? "failed" : "ok";
    const steps = sessions.named(session, transaction, outcome);
    const reads = type === "r" || type === "R";
    steps.push({ type: reads ? "read" : "write", key: atom(key), value: atom(value) });
  });
  return sessions.transactions(initial ? [0, -1] : []);
}
