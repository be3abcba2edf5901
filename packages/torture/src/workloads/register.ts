import { check, type History, parseModel } from "@quorate/verify";
import type { Client } from "./client.ts";
import { read, written } from "./client.ts";
import { get, put, swap } from "./kv.ts";
import type { Judgement, Workload } from "./workload.ts";

const KEYS = 4;
/** After so many operations the clients go on to new keys: what is unknown stays open, and makes checking dear. */
const EPOCH_OPERATIONS = 240;

/** Registers that are read, written and compared-and-swapped; every write says a value that was never said before. */
export class RegisterWorkload implements Workload {
  readonly #keys = new Set<string>();
  #operations = 0;

  async operate(client: Client): Promise<void> {
    const epoch = Math.floor(this.#operations++ / EPOCH_OPERATIONS);
    const key = `register/${epoch}/${client.dice.below(KEYS)}`;
    this.#keys.add(key);
    const drawn = client.dice.below(10);
    if (drawn < 4) await this.#read(client, key);
    else if (drawn < 7) await this.#write(client, key);
    else await this.#swap(client, key);
  }

  async last(client: Client, endpoint: string): Promise<void> {
    for (const key of this.#keys) await this.#read(client, key, endpoint);
  }

  judge(history: History, spent: () => boolean): readonly Judgement[] {
    return [judged("linearizable:cas-register", history, spent)];
  }

  async #read(client: Client, key: string, endpoint?: string): Promise<void> {
    await client.perform("read", key, null, async () =>
      read(await get(client, key, endpoint), (found) =>
        found === null ? null : Number(found.value),
      ),
    );
  }

  async #write(client: Client, key: string): Promise<void> {
    const value = client.ground.unique();
    await client.perform("write", key, value, async () =>
      written(await put(client, key, String(value)), () => null),
    );
  }

  /** From what a read just found; both outcomes occur. The read is not part of the operation. */
  async #swap(client: Client, key: string): Promise<void> {
    const found = await get(client, key);
    if (found.type !== "ok") return client.rest(20);
    const before = found.body ?? { key, value: "", modRevision: "0" };
    const from = found.body === null ? null : Number(found.body.value);
    const to = client.ground.unique();
    await client.perform("cas", key, [from, to], async () =>
      written(await swap(client, [before], new Map([[key, String(to)]])), (swapped) => swapped),
    );
  }
}

/** A verdict of `@quorate/verify` on a model that it knows. */
export function judged(name: string, history: History, spent: () => boolean): Judgement {
  const model = parseModel(name);
  if (model === null) throw new RangeError(`no model ${name}`);
  const verdict = check({ type: "operations", format: "quorate", history }, model, spent);
  return { model: name, verdict };
}
