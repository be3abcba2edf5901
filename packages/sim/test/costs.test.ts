import { readFileSync } from "node:fs";
import { join } from "node:path";
import { costsPage, measureCosts, runsPage } from "@quorate/sim";
import { expect, it } from "vitest";

/** Messages for each other member, as the page shows them; its last column says why some are not the textbook's. */
const MESSAGES: Readonly<Record<string, number>> = {
  "asynchronous primary": 2,
  "semi-synchronous primary, one secondary": 2,
  "quorum primary": 2,
  "synchronous primary": 2,
  "write all, read one": 3,
  "chain replication": 2,
  "Multi-Paxos, decisions ride": 2,
  "Multi-Paxos": 3,
  "Multi-Paxos, explicit": 4,
  ZAB: 3,
  "ZAB, explicit": 4,
  "Raft, commits ride": 2,
  Raft: 3,
};

/** As `npm run costs` takes them. */
const costs = measureCosts([3, 5]);

it("F9: in explicit mode every write costs exactly so many messages, and one sync of each member", () => {
  expect([...new Set(costs.map(({ name }) => name))].sort()).toEqual(Object.keys(MESSAGES).sort());
  for (const { name, others, messages, syncs } of costs) {
    expect(messages, name).toBe((MESSAGES[name] ?? 0) * others);
    expect(syncs, name).toBe(others + 1);
  }
});

/** They wait for every member, so the slowest says how long. */
const WAIT_FOR_ALL = ["synchronous primary", "write all, read one", "chain replication"];

it("F9: one slow member of three or five delays those alone that wait for every member", () => {
  for (const { name, others, latencies, besideSlow } of costs) {
    const what = `${name}, ${others + 1} members`;
    if (WAIT_FOR_ALL.includes(name)) {
      expect(besideSlow.p50 - latencies.p50, what).toBeGreaterThanOrEqual(45);
    } else {
      expect(besideSlow.p99 - latencies.p99, what).toBeLessThanOrEqual(4);
    }
  }
});

it("the pages of costs and of runs are what the protocols do now: `npm run costs` writes them", () => {
  const pages = join(import.meta.dirname, "../../../docs/protocols");
  expect(readFileSync(join(pages, "costs.md"), "utf8")).toBe(costsPage(costs));
  expect(readFileSync(join(pages, "runs.md"), "utf8")).toBe(runsPage());
});
