import { expect, it } from "vitest";
import { parseModel } from "../../src/models.ts";
import { modelName } from "../../src/report/model-name.ts";

it.each([
  "linearizable:register",
  "linearizable:cas-register(init=0,failed-cas-allowed)",
  'linearizable:register(init="a")',
  "linearizable:mutex(init=locked)",
  "linearizable:multi-register(x=0,y=1)",
  'linearizable:kv-string(init="a")',
  "linearizable:fifo-queue",
  "linearizable:set",
  "sequential",
  "snapshot-isolation",
  "list-append serializable",
  "bank --allow-negative-balances --total-amount 100",
  "long-fork --group-size 3",
  "leases --slack 5",
  "set-full",
  "watch",
])("%s is named as it is read", (text) => {
  const model = parseModel(text);
  if (model === null) throw new Error(`no model ${text}`);
  expect(modelName(model)).toBe(text);
});
