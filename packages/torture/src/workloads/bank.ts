import type { History } from "@quorate/verify";
import { type Client, read } from "./client.ts";
import { getAll, getTogether, swap } from "./kv.ts";
import type { Ending } from "./recorder.ts";
import { judged } from "./register.ts";
import type { Judgement, Workload } from "./workload.ts";

const ACCOUNTS = 8;
const OPENING = 10;
const PREFIX = "bank/";

/** Money moves between accounts; every read must find all of it. */
export class BankWorkload implements Workload {
  async prepare(client: Client): Promise<void> {
    const keys = Array.from({ length: ACCOUNTS }, (_, i) => `${PREFIX}${i}`);
    const none = keys.map((key) => ({ key, value: "", modRevision: "0" }));
    const opened = await swap(client, none, new Map(keys.map((key) => [key, String(OPENING)])));
    if (opened.type !== "ok") throw new Error(`the bank did not open: ${opened.why}`);
  }

  async operate(client: Client): Promise<void> {
    if (client.dice.chance(400)) return this.last(client, client.endpoint);
    const from = client.dice.below(ACCOUNTS);
    const to = (from + 1 + client.dice.below(ACCOUNTS - 1)) % ACCOUNTS;
    const amount = client.dice.between(1, 5);
    const value = { from: String(from), to: String(to), amount };
    await client.perform("transfer", null, value, () => transfer(client, from, to, amount));
  }

  async last(client: Client, endpoint: string): Promise<void> {
    await client.perform("read", null, null, async () =>
      read(await getAll(client, PREFIX, endpoint), (found) =>
        Object.fromEntries(
          found.map(({ key, value }) => [key.slice(PREFIX.length), Number(value)]),
        ),
      ),
    );
  }

  judge(history: History, spent: () => boolean): readonly Judgement[] {
    return [judged(`bank --total-amount ${ACCOUNTS * OPENING}`, history, spent)];
  }
}

async function transfer(client: Client, from: number, to: number, amount: number): Promise<Ending> {
  const accounts = await getTogether(client, [`${PREFIX}${from}`, `${PREFIX}${to}`]);
  if (accounts.type !== "ok") return { type: "failed", why: accounts.why };
  const [source, target] = accounts.body;
  if (source === undefined || target === undefined) return { type: "failed", why: "no account" };
  if (Number(source.value) < amount) return { type: "failed", why: "too poor" };
  const changed = new Map([
    [source.key, String(Number(source.value) - amount)],
    [target.key, String(Number(target.value) + amount)],
  ]);
  const swapped = await swap(client, accounts.body, changed);
  if (swapped.type !== "ok") return swapped;
  return swapped.body ? { type: "ok", value: null } : { type: "failed", why: "lost the race" };
}
