import { type History, Malformed, parseHistory, parseJson, type Value } from "../history/index.ts";
import type { Orders, Transaction } from "../transactions/index.ts";
import { awditTransactions } from "./awdit.ts";
import { bincodeTransactions } from "./bincode.ts";
import { cobraTransactions } from "./cobra.ts";
import { dbcopTransactions } from "./dbcop.ts";
import { parseEdn } from "./edn.ts";
import { elleCase } from "./elle-cases.ts";
import { detectFormat, type Format } from "./format.ts";
import { jepsenHistory } from "./jepsen.ts";
import { jepsenLogHistory } from "./jepsen-log.ts";
import { microTransactions } from "./micro-operations.ts";
import { operationLines } from "./operation-lines.ts";
import { utf8 } from "./utf8.ts";

export { FORMATS, type Format, formatNamed } from "./format.ts";

/** A file, or the files of a directory that is one history. */
export interface Source {
  /** The path as it was given: `cases.jsonl#ID` names one line. */
  readonly name: string;
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** What was recorded: operations of single objects, or transactions over registers or lists. */
export type Recording =
  | { readonly type: "operations"; readonly format: Format; readonly history: History }
  | {
      readonly type: "transactions";
      readonly format: Format;
      readonly transactions: readonly Transaction[];
      readonly orders: Orders;
    };

export type Reading =
  | { readonly ok: true; readonly recording: Recording }
  /** What the bytes are instead, for a person. */
  | { readonly ok: false; readonly why: string };

/** Reads a recording. Total: whatever the bytes are, the answer is a recording or why they are none. */
export function readRecording(source: Source, format: Format | null = null): Reading {
  const found = format ?? formatOf(source);
  if (found === null)
    return { ok: false, why: `${source.name}: unknown format; say it with --format` };
  try {
    return { ok: true, recording: read(source, found) };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    // These are told by what names them; the others may be something else.
    const sure = format !== null || found === "quorate" || found === "elle-cases";
    const taken = sure ? "" : ` (taken for ${found}; say otherwise with --format)`;
    return { ok: false, why: `${source.name}: ${error.message}${taken}` };
  }
}

/** The transactions of a recording: those it has, or those that its operations are. */
export function transactionsOf(recording: Recording): {
  readonly transactions: readonly Transaction[];
  readonly orders: Orders;
} {
  if (recording.type === "transactions") return recording;
  const transactions = microTransactions(recording.history);
  return { transactions, orders: { process: true, realtime: true } };
}

function formatOf(source: Source): Format | null {
  const { name, files } = source;
  const bincode = files.find((file) => file.name.endsWith(".bincode"));
  const first = logsOf(source)[0] ?? bincode ?? files[0];
  if (first === undefined) return null;
  return detectFormat(name.includes("#") ? name : first.name, first.bytes);
}

const logsOf = ({ files }: Source) => files.filter(({ name }) => name.endsWith(".log"));

/** Without a single log there is no history, not an empty one. */
function logsIn(source: Source): ReturnType<typeof logsOf> {
  const logs = logsOf(source);
  if (logs.length === 0) throw new Malformed("no file is called *.log", null);
  return logs;
}

function read(source: Source, format: Format): Recording {
  const { name } = source;
  const bytes = onlyFile(source, format);
  const history = (found: History): Recording => ({ type: "operations", format, history: found });
  const sessions = (transactions: readonly Transaction[]): Recording => ({
    type: "transactions",
    format,
    transactions,
    orders: { process: true, realtime: false },
  });
  switch (format) {
    case "quorate":
      return history(parseHistory(utf8(bytes)));
    case "jepsen-edn":
      return history(jepsenHistory(parseEdn(utf8(bytes))));
    case "jepsen-json":
      return history(jepsenHistory(jsonForms(utf8(bytes))));
    case "jepsen-log":
      return history(jepsenLogHistory(utf8(bytes)));
    case "elle-cases":
      return {
        type: "transactions",
        format,
        ...elleCase(utf8(bytes), caseOf(name)),
      };
    case "awdit":
      return sessions(awditTransactions(utf8(bytes)));
    case "dbcop":
      return sessions(dbcopTransactions(utf8(bytes)));
    case "text":
      // IsoVista's unit tests have no initial state; its own files and PolySI's do.
      return sessions(operationLines(utf8(bytes), !/(^|\/)unit\//.test(name)));
    case "bincode":
      return sessions(bincodeTransactions(bytes));
    case "cobra":
      return sessions(cobraTransactions(logsIn(source).map((file) => file.bytes)));
  }
}

function caseOf(name: string): string {
  const at = name.indexOf("#");
  if (at < 0) throw new Malformed(`it holds many histories: name one, as ${name}#ID`, null);
  return name.slice(at + 1);
}

/** A directory is one history in Cobra's format; elsewhere it may hold one file of that format. */
function onlyFile({ name, files }: Source, format: Format): Uint8Array {
  const first =
    format === "bincode" ? files.find((file) => file.name.endsWith(".bincode")) : undefined;
  const chosen = first ?? files[0];
  if (chosen === undefined) throw new Malformed("nothing to read", null);
  if (files.length > 1 && first === undefined && format !== "cobra") {
    throw new Malformed(`${name} is a directory of ${files.length} files`, null);
  }
  return chosen.bytes;
}

/** One array, one object, or an object a line. */
function* jsonForms(text: string): Generator<Value> {
  if (!/^\s*\{[^\n]*\}\s*\n\s*\{/.test(text)) {
    yield parseJson(text);
    return;
  }
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = (lines[i] as string).trim().replace(/,$/, "");
    if (line !== "") yield parseJson(line, i + 1);
  }
}
