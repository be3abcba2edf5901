import { describe, expect, it } from "vitest";
import { never } from "../src/budget.ts";
import { check } from "../src/check.ts";
import { parseModel } from "../src/models.ts";
import { recording } from "./readers/recordings.ts";

const REGISTER = [
  "{:process 0 :type :invoke :f :write :value 1}",
  "{:process 0 :type :ok :f :write :value 1}",
  "{:process 1 :type :invoke :f :read :value nil}",
  "{:process 1 :type :ok :f :read :value 1}",
].join("\n");
const LISTS =
  "{:process 0 :type :ok :value [[:append 1 2]]} {:process 1 :type :ok :value [[:r 1 [2]]]}";
const STRANGE =
  "{:process 0 :type :invoke :f :frob :value 1} {:process 0 :type :ok :f :frob :value 2}";
/** Of single operations; a register's own reads and writes are none of theirs. */
const OF_OBJECTS = [
  "register",
  "mutex",
  "linearizable:multi-register",
  "fifo-queue",
  "linearizable:set",
  "kv-string",
  "set",
  "bank",
  "comments",
  "long-fork",
  "fencing",
  "leases",
  "watch",
  "revisions",
];
const SESSIONS = "w 1 1\n=====\nr 1 1";

/** What is checked against what: a model that does not speak of a recording says unknown. */
const cases: readonly (readonly [model: string, name: string, text: string, want: string])[] = [
  ["register", "h.edn", REGISTER, "ok"],
  ["serializable", "h.edn", REGISTER, "ok"],
  ["sequential", "h.edn", REGISTER, "ok"],
  ["serializable", "h.edn", LISTS, "ok"],
  ["list-append", "h.edn", LISTS, "ok"],
  ["causal", "h.txt", SESSIONS, "ok"],
  ["rw-register", "h.txt", SESSIONS, "ok"],
  ["mutex", "h.txt", SESSIONS, "unknown"],
  ["bank", "h.edn", LISTS, "unknown"],
  ["list-append", "h.edn", "{:process 0 :type :ok :f :add :value 1}", "unknown"],
  ["revisions", "h.edn", REGISTER, "unknown"],
  ["pram", "h.edn", LISTS, "unknown"],
  ...OF_OBJECTS.map((model) => [model, "h.edn", STRANGE, "unknown"] as const),
  ...OF_OBJECTS.filter((model) => model !== "register").map(
    (model) => [model, "h.edn", REGISTER, "unknown"] as const,
  ),
  ["register", "h.edn", `${REGISTER} {:process 2 :type :fail :f :frob}`, "ok"],
];

describe("a recording is checked against a model", () => {
  it.each(cases)("%s of %s", (text, name, content, want) => {
    const model = parseModel(text);
    if (model === null) throw new Error(`no model ${text}`);
    expect(check(recording(name, content), model, never).type).toBe(want);
  });
});
