import { checkLinearizableRegisters, REGISTER } from "@quorate/verify";
import { expect } from "vitest";
import { base64, call, fromBase64, type RangeAnswer } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import type { Recorded } from "./workload.ts";

/** How often the checker may ask whether it has searched enough: every 10,000 steps. */
const SEARCH_MAX = 1000;

/** Judges what clients recorded: linearizable registers, and every acknowledged write there, at every member. */
export async function expectHeld(cluster: Cluster, recorded: Recorded): Promise<void> {
  const { operations, acknowledged, file } = recorded;
  let asked = 0;
  const verdict = checkLinearizableRegisters(operations, REGISTER, () => ++asked > SEARCH_MAX);
  expect(verdict, `the history is in ${file}`).toMatchObject({ type: "ok" });
  expect(operations.filter(({ outcome }) => outcome === "ok").length).toBeGreaterThan(0);
  for (const endpoint of cluster.endpoints) {
    const held = await ledgerAt(endpoint);
    const lost = acknowledged.filter((key) => !held.has(key));
    expect(lost, `acknowledged and not at ${endpoint}; the history is in ${file}`).toEqual([]);
  }
}

async function ledgerAt(endpoint: string): Promise<ReadonlySet<string>> {
  const range = { key: base64("ledger/"), range_end: base64("ledger0"), keys_only: true };
  const answer = await call<RangeAnswer>(endpoint, "/kv/range", range, 10_000);
  if (answer.type !== "ok") throw new Error(`the ledger at ${endpoint}: ${answer.why}`);
  return new Set((answer.body.kvs ?? []).map(({ key }) => fromBase64(key)));
}
