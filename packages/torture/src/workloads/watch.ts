import type { History, Operation, Value } from "@quorate/verify";
import { base64, fromBase64 } from "../cluster/index.ts";
import { lasting } from "../wait.ts";
import { type Client, written } from "./client.ts";
import { get, type HeaderBody, put } from "./kv.ts";
import { judged } from "./register.ts";
import type { Judgement, Workload } from "./workload.ts";

const KEYS = 3;
const WATCHERS_PER_KEY = 3;
/** Of one connection; then the watcher goes on at another member. */
const CONNECTION_MILLIS = [1500, 8000] as const;
/** In so long after all has healed every watcher has everything. */
const CATCH_UP_MILLIS = 30_000;
const LOOK_MILLIS = 50;
const AGAIN_MILLIS = 200;

interface WatchLine {
  readonly result?: {
    readonly events?: readonly {
      readonly type?: string;
      readonly kv?: { readonly value?: string; readonly mod_revision?: string };
    }[];
  };
}

/** Keys that are written, and watchers of each from its beginning, who move from member to member and must miss nothing. */
export class WatchWorkload implements Workload {
  async operate(client: Client): Promise<void> {
    const key = `watch/${client.dice.below(KEYS)}`;
    const value = client.ground.unique();
    await client.perform("put", key, value, async () =>
      written(await put(client, key, String(value)), revisionOf),
    );
  }

  async attend(clients: () => Client, healed: AbortSignal): Promise<void> {
    const ends = new Map<string, number>();
    const watchers = Array.from({ length: KEYS * WATCHERS_PER_KEY }, (_, i) =>
      watch(clients(), `watch/${i % KEYS}`, ends, healed),
    );
    await new Promise<void>((resolve) => {
      if (healed.aborted) resolve();
      healed.addEventListener("abort", () => resolve());
    });
    const client = clients();
    for (let i = 0; i < KEYS; i++) ends.set(`watch/${i}`, await lastRevision(client, `watch/${i}`));
    await Promise.all(watchers);
  }

  judge(history: History, spent: () => boolean): readonly Judgement[] {
    return [judged("watch", history, spent), { model: "watchers agree", verdict: agree(history) }];
  }
}

const revisionOf = ({ header }: HeaderBody): Value => ({ revision: Number(header?.revision ?? 0) });

async function lastRevision(client: Client, key: string): Promise<number> {
  const found = await get(client, key);
  return found.type === "ok" ? Number(found.body?.modRevision ?? 0) : Number.POSITIVE_INFINITY;
}

/** One watcher, over many connections, until it has seen the end of its key, or for too long nothing more comes. */
async function watch(
  client: Client,
  key: string,
  ends: ReadonlyMap<string, number>,
  healed: AbortSignal,
): Promise<void> {
  let from = 1;
  let deadline = Number.POSITIVE_INFINITY;
  const done = (): boolean => from > (ends.get(key) ?? Number.POSITIVE_INFINITY);
  for (;;) {
    if (healed.aborted) deadline = Math.min(deadline, performance.now() + CATCH_UP_MILLIS);
    if (done() || performance.now() > deadline || client.ground.over.aborted) return;
    const start = from;
    await client.perform("watch", key, { from: start }, async () => {
      const events: (readonly [number, Value])[] = [];
      const create_request = { key: base64(key), start_revision: String(start) };
      const take = (line: unknown): void => {
        for (const { type, kv } of (line as WatchLine).result?.events ?? []) {
          const revision = Number(kv?.mod_revision ?? 0);
          events.push([revision, type === "DELETE" ? null : Number(fromBase64(kv?.value ?? ""))]);
          from = Math.max(from, revision + 1);
        }
      };
      const stream = client.ground.api.stream(client.elsewhere, "/watch", { create_request }, take);
      await connection(client, stream, done);
      return { type: "ok", value: events };
    });
  }
}

async function connection(
  client: Client,
  { ended, close }: { readonly ended: Promise<void>; readonly close: () => void },
  done: () => boolean,
): Promise<void> {
  const until = new AbortController();
  const end = performance.now() + client.dice.between(...CONNECTION_MILLIS);
  void ended.then(() => until.abort());
  while (!until.signal.aborted && performance.now() < end && !done()) {
    await lasting(LOOK_MILLIS, until.signal);
  }
  close();
  await ended;
  // A member that is down ends it at once.
  await lasting(AGAIN_MILLIS, client.ground.over);
}

/** At the end every watcher of a key has told the same story, to its last change. */
function agree(history: History): Judgement["verdict"] {
  const stories = new Map<string, Map<number, Operation[]>>();
  for (const operation of history) {
    if (operation.f !== "watch" || operation.key === null) continue;
    const watchers = stories.get(operation.key) ?? new Map<number, Operation[]>();
    stories.set(operation.key, watchers);
    watchers.set(operation.process, [...(watchers.get(operation.process) ?? []), operation]);
  }
  let compared = 0;
  for (const watchers of stories.values()) {
    const [first, ...others] = [...watchers.values()];
    if (first === undefined) continue;
    const wanted = storyOf(first);
    for (const watcher of others) {
      compared++;
      if (storyOf(watcher) === wanted) continue;
      const core = [...first, ...watcher].map(({ index }) => index).sort((a, b) => a - b);
      const operation = watcher.at(-1)?.index ?? 0;
      const expected = `the events that process ${first[0]?.process} was given`;
      const evidence = { type: "answer", operation, expected } as const;
      const anomaly = "watchers disagree";
      return { type: "violation", anomaly, anomalies: [anomaly], core, minimal: false, evidence };
    }
  }
  return { type: "ok", witness: { type: "direct", compared } };
}

const storyOf = (watches: readonly Operation[]): string =>
  JSON.stringify(watches.flatMap(({ output }) => (Array.isArray(output) ? output : [])));
