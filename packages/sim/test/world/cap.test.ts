import { DEFAULT_OPTIONS } from "@quorate/kernel/replica";
import { CALM_NETWORK, Caller, type SimNode, World } from "@quorate/sim";
import { expect, it } from "vitest";

/** What each side of a cut has to say; `withheld`: it says that it cannot, `unknown`: that it does not know. */
interface Answers {
  /** Who led, alone on its side: a write at once, and after everybody knows of the cut a write, a read, and its own state. */
  readonly early: string;
  readonly own: string;
  readonly ownRead: string;
  readonly ownState: string;
  /** The other two by then. */
  readonly theirs: string;
  readonly theirRead: string;
  /** After the cut: what is there of the write that all knew of, and of the early one. */
  readonly healed: string;
  readonly healedEarly: string;
}

const CONSISTENT: Answers = {
  early: "unknown",
  own: "withheld",
  ownRead: "withheld",
  ownState: "old",
  theirs: "done",
  theirRead: "new",
  healed: "new",
  healedEarly: "nothing",
};

/** Card 67: which answer is withheld, and which is stale, by each profile's own contract. */
const CONTRACTS: readonly (readonly [profile: string, gives: string, answers: Answers])[] = [
  ["etcd", "the side without a majority answers nothing but its own old state", CONSISTENT],
  ["chubby", "as etcd", CONSISTENT],
  ["zookeeper", "as etcd", CONSISTENT],
  ["primary-sync", "the side without group 0 answers nothing but its own old state", CONSISTENT],
  ["mysql", "as primary-sync", CONSISTENT],
  [
    "primary-async",
    "a write is acknowledged on the side that loses it",
    { ...CONSISTENT, early: "done" },
  ],
  [
    "waro",
    "no side writes; whoever had no write under way goes on reading",
    { ...CONSISTENT, theirs: "withheld", theirRead: "old", healed: "old" },
  ],
];

/** A put's answer, or a get's, in a word. */
function wordOf(answer: ReturnType<Caller["put"]> | ReturnType<Caller["get"]>): string {
  if (answer === "silence") return "silence";
  if (!("ok" in answer)) return answer.value ?? "nothing";
  if (answer.ok) return "done";
  return answer.definite ? "withheld" : "unknown";
}

it.each(CONTRACTS)("IM-3, %s: %s", (defaultProfile, _, answers) => {
  const options = { ...DEFAULT_OPTIONS, defaultProfile };
  const world = new World({ seed: 7n, nodes: 3, network: CALM_NETWORK, options }).boot();
  world.until(() => world.leader() !== null, 10_000);
  world.run(1000);
  const alone = world.leader();
  const others = world.nodes.filter((node) => node !== alone);
  const [other] = others;
  if (alone === null || other === undefined) throw new RangeError("nobody leads");
  const put = (node: SimNode, key: string, value: string, patience = 2000): string =>
    wordOf(new Caller(world, patience).put(node, key, value));
  const get = (node: SimNode, key: string, level: "readIndex" | "local" = "readIndex"): string =>
    wordOf(new Caller(world, 2000).get(node, key, level));

  expect(put(alone, "x", "old")).toBe("done");
  world.run(500);
  world.partition([alone], others);
  const early = put(alone, "early", "here", 200);
  world.run(20_000);
  const theirs = put(other, "x", "new", 5000);
  const theirRead = get(other, "x");
  const own = put(alone, "x", "mine");
  const ownRead = get(alone, "x");
  const ownState = get(alone, "x", "local");
  world.heal();
  world.run(15_000);
  const healed = get(alone, "x");
  const healedEarly = get(alone, "early");
  const said = { early, own, ownRead, ownState, theirs, theirRead, healed, healedEarly };
  expect(said).toEqual(answers);
  expect(world.observer.violations).toEqual([]);
});
