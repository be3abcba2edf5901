import type { History } from "@quorate/verify";
import { type Client, read, written } from "./client.ts";
import { getAll, put } from "./kv.ts";
import { judged } from "./register.ts";
import type { Judgement, Workload } from "./workload.ts";

const PREFIX = "set/";
/** Beyond, nothing is added any more: each read says all elements. */
const ELEMENTS_MAX = 10_000;
/** Of a thousand operations, so many read. */
const READS_PER_MILLE = 15;

/** Unique elements are added, each a key; now and then all are read. */
export class SetWorkload implements Workload {
  #elements = 0;

  async operate(client: Client): Promise<void> {
    if (client.dice.chance(READS_PER_MILLE)) return this.last(client, client.endpoint);
    if (this.#elements >= ELEMENTS_MAX) return client.rest(100);
    const element = this.#elements++;
    const key = `${PREFIX}${String(element).padStart(8, "0")}`;
    await client.perform("add", null, element, async () =>
      written(await put(client, key, ""), () => null),
    );
  }

  async last(client: Client, endpoint: string): Promise<void> {
    await client.perform("read", null, null, async () =>
      read(await getAll(client, PREFIX, endpoint), (found) =>
        found.map(({ key }) => Number(key.slice(PREFIX.length))),
      ),
    );
  }

  judge(history: History, spent: () => boolean): readonly Judgement[] {
    return [judged("set", history, spent), judged("set-full", history, spent)];
  }
}
