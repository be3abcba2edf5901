#!/usr/bin/env node
import { parseArgs } from "node:util";
import { checkCommand } from "./check-command.ts";
import { tableCommand } from "./table-command.ts";
import type { Terminal } from "./terminal.ts";

const USAGE = `usage:
  quorate-verify check FILE --model MODEL [--format FORMAT] [--budget SECONDS] [--json]
                       [--report OUT.html]
  quorate-verify table EXPECTED.tsv [--data DIR] [--budget SECONDS] [--json]

models:  linearizable:OBJECT(parameters) with register, cas-register, mutex, multi-register, kv-string,
         fifo-queue or set; an isolation level; "list-append LEVEL", "rw-register LEVEL"; set, set-full,
         bank, counter, "long-fork --group-size N", comments; sequential, causal-memory, pram, convergence,
         read-your-writes, monotonic-reads, monotonic-writes, writes-follow-reads; revisions, fencing,
         "leases --slack N", watch, bounded-staleness
formats: quorate, jepsen-edn, jepsen-json, jepsen-log, elle-cases, awdit, dbcop, text, bincode, cobra
         (found by name and content where not given)

exit: 0 all is as it should be, 1 a violation or a disagreement, 2 usage, 3 unknown

examples:
  quorate-verify check history.edn --model cas-register
  quorate-verify check history.jsonl --model list-append --report report.html
  quorate-verify check cases.jsonl#G0 --model "list-append serializable" --json
  quorate-verify table knossos/expected.tsv --data knossos
`;

/** Seconds that one check may take. */
const BUDGET_SECONDS = 60;

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const parsed = parse(args);
  if (typeof parsed === "string") return usage(parsed);
  const { values, positionals } = parsed;
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const budget = values.budget === undefined ? BUDGET_SECONDS : Number(values.budget);
  if (!(budget > 0)) return usage("--budget takes seconds, more than 0");
  const [command, file, ...more] = positionals;
  if (file === undefined || more.length > 0) return usage("one command and one file");
  const json = values.json === true;
  if (command === "check") {
    if (values.model === undefined) return usage("--model says what to check");
    const { model, format, report } = values;
    const given = { file, model, format: format ?? null, budget, json, report: report ?? null };
    return checkCommand(given, terminal, usage);
  }
  if (values.report !== undefined) return usage("--report goes with check");
  if (command === "table")
    return tableCommand({ file, data: values.data ?? null, budget, json }, terminal, usage);
  return usage(`no command ${command}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        model: { type: "string", short: "m" },
        format: { type: "string", short: "f" },
        budget: { type: "string" },
        data: { type: "string" },
        json: { type: "boolean" },
        report: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function usage(why: string): number {
  process.stderr.write(`quorate-verify: ${why}\n\n${USAGE}`);
  return 2;
}
