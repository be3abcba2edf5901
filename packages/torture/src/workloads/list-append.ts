import type { History, Value } from "@quorate/verify";
import type { Client } from "./client.ts";
import { type Found, getTogether, swap } from "./kv.ts";
import type { Ending } from "./recorder.ts";
import { judged } from "./register.ts";
import type { Judgement, Workload } from "./workload.ts";

const KEYS = 5;
const STEPS_MAX = 4;
/** After so many transactions the clients go on to new lists: each read says its whole list. */
const EPOCH_TRANSACTIONS = 150;
/** Transactions that lose the race so often give up. */
const ATTEMPTS_MAX = 5;

type Step = readonly ["append", string, number] | readonly ["r", string, readonly number[] | null];

/** Transactions that read and append to several lists, optimistically: read all, compute, write if nothing has changed. */
export class ListAppendWorkload implements Workload {
  readonly #keys = new Set<string>();
  #transactions = 0;

  async operate(client: Client): Promise<void> {
    const epoch = Math.floor(this.#transactions++ / EPOCH_TRANSACTIONS);
    const steps = Array.from({ length: client.dice.between(1, STEPS_MAX) }, (): Step => {
      const key = `list/${epoch}/${client.dice.below(KEYS)}`;
      this.#keys.add(key);
      return client.dice.chance(500) ? ["r", key, null] : ["append", key, client.ground.unique()];
    });
    await client.perform("txn", null, steps, () => transact(client, steps));
  }

  async last(client: Client, endpoint: string): Promise<void> {
    for (const key of this.#keys) {
      const steps: readonly Step[] = [["r", key, null]];
      await client.perform("txn", null, steps, () => transact(client, steps, endpoint));
    }
  }

  judge(history: History, spent: () => boolean): readonly Judgement[] {
    return [judged("list-append strict-serializable", history, spent)];
  }
}

async function transact(
  client: Client,
  steps: readonly Step[],
  endpoint?: string,
): Promise<Ending> {
  const keys = [...new Set(steps.map(([, key]) => key))];
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const found = await getTogether(client, keys, endpoint);
    // Nothing was written yet, so whatever happened to the reading, the transaction did not.
    if (found.type !== "ok") return { type: "failed", why: found.why };
    const { answered, changed } = execute(steps, found.body);
    if (changed.size === 0) return { type: "ok", value: answered };
    const swapped = await swap(client, found.body, changed);
    if (swapped.type !== "ok") return swapped;
    if (swapped.body) return { type: "ok", value: answered };
  }
  return { type: "failed", why: `lost ${ATTEMPTS_MAX} races` };
}

/** The steps on the lists as they were found: what each answers, and the lists that they change. */
function execute(
  steps: readonly Step[],
  found: readonly Found[],
): { readonly answered: Value; readonly changed: ReadonlyMap<string, string> } {
  const lists = new Map(found.map(({ key, value }) => [key, listOf(value)]));
  const changed = new Map<string, string>();
  const answered = steps.map((step): Value => {
    const [f, key, value] = step;
    const list = lists.get(key) ?? [];
    if (f === "r") return [f, key, list];
    const longer = [...list, value];
    lists.set(key, longer);
    changed.set(key, longer.join(","));
    return [f, key, value];
  });
  return { answered, changed };
}

const listOf = (text: string): readonly number[] =>
  text === "" ? [] : text.split(",").map(Number);
