export { BadUsage, type Options, parseOptions, USAGE } from "./options.ts";
export { resultOf, writeReport } from "./report.ts";
export { run } from "./run.ts";
export { CannotRun } from "./stage.ts";
