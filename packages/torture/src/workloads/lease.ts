import { checkLeases, type History } from "@quorate/verify";
import { base64 } from "../cluster/index.ts";
import { eventually } from "../wait.ts";
import { type Client, read, written } from "./client.ts";
import { get } from "./kv.ts";
import type { Ending } from "./recorder.ts";
import type { Judgement, Workload } from "./workload.ts";

const TTL_SECONDS = 3;
const TTL_MICROS = TTL_SECONDS * 1_000_000;
/** Renewals of one lease, before nobody renews it any more. */
const RENEWALS_MAX = 8;
/** Of a thousand leases, so many are revoked. */
const REVOKED_PER_MILLE = 200;
/** A time without a leader counts for nothing, and faults make such times: an abandoned lease may live longer by so much. */
const SLACK_MICROS = 60_000_000;
/** Of leases: a day's run has enough of them. */
const LEASES_MAX = 50_000;
/** By then, after all has healed, nothing of a lease is left. */
const END_MILLIS = TTL_SECONDS * 1000 + 30_000;

/** Leases that are kept alive for a while, and then abandoned or revoked; a key tells whether each still lives. */
export class LeaseWorkload implements Workload {
  readonly #left = new Set<string>();
  #leases = 0;

  async operate(client: Client): Promise<void> {
    if (this.#leases >= LEASES_MAX) return client.rest(1000);
    const lease = String(1_000_000 + this.#leases++);
    if (!(await grant(client, lease))) return;
    this.#left.add(lease);
    const renewals = client.dice.below(RENEWALS_MAX);
    for (let i = 0; i < renewals && !client.ground.until.aborted; i++) {
      await client.rest(client.dice.between(100, TTL_SECONDS * 600));
      await alive(client, lease);
      await renew(client, lease);
      await alive(client, lease);
    }
    await client.rest(client.dice.below(TTL_SECONDS * 1000));
    await alive(client, lease);
    if (client.dice.chance(REVOKED_PER_MILLE)) {
      await client.perform("revoke", lease, null, async () =>
        written(await client.call("/lease/revoke", { ID: lease }), () => null),
      );
      await alive(client, lease);
    }
  }

  /** Every lease was abandoned long ago, or is now: in time all have ended. */
  async last(client: Client, endpoint: string): Promise<void> {
    const deadline = performance.now() + END_MILLIS;
    for (const lease of this.#left) {
      await eventually(deadline - performance.now(), client.ground.over, async () => {
        const ending = await alive(client, lease, endpoint);
        return ending.type === "ok" && ending.value === false ? true : null;
      });
    }
  }

  judge(history: History): readonly Judgement[] {
    const verdict = checkLeases(history, SLACK_MICROS);
    return [
      { model: "leases", verdict },
      { model: "abandoned leases end", verdict: allEnd(history) },
    ];
  }
}

/** Grants it and hangs a key on it; false where the key is not certain to be there. */
async function grant(client: Client, lease: string): Promise<boolean> {
  const granted = await client.perform("grant", lease, TTL_MICROS, async () =>
    written(await client.call("/lease/grant", { ID: lease, TTL: String(TTL_SECONDS) }), () => null),
  );
  if (granted.type !== "ok") return false;
  const body = { key: base64(keyOf(lease)), lease };
  return (await client.call("/kv/put", body)).type === "ok";
}

/** A lease that is gone cannot be renewed: that is a definite failure, and whether it may be gone is asked next. */
async function renew(client: Client, lease: string): Promise<Ending> {
  return client.perform("renew", lease, TTL_MICROS, async () => {
    const answer = await client.call<{ readonly result?: { readonly TTL?: string } }>(
      "/lease/keepalive",
      { ID: lease },
    );
    if (answer.type !== "ok") return answer;
    const left = Number(answer.body.result?.TTL ?? 0);
    return left > 0 ? { type: "ok", value: null } : { type: "failed", why: "it is gone" };
  });
}

const alive = (client: Client, lease: string, endpoint?: string): Promise<Ending> =>
  client.perform("alive", lease, null, async () =>
    read(await get(client, keyOf(lease), endpoint), (found) => found !== null),
  );

const keyOf = (lease: string): string => `lease/${lease}`;

/** The last that was seen of each lease must be its end. */
function allEnd(history: History): Judgement["verdict"] {
  const seen = new Map<string, (typeof history)[number]>();
  for (const operation of history) {
    if (operation.f === "alive" && operation.outcome === "ok" && operation.key !== null) {
      seen.set(operation.key, operation);
    }
  }
  for (const { index, output } of seen.values()) {
    if (output === false) continue;
    const expected = "not alive: nobody has renewed it since long before";
    const evidence = { type: "answer", operation: index, expected } as const;
    const anomaly = "never ended";
    return {
      type: "violation",
      anomaly,
      anomalies: [anomaly],
      core: [index],
      minimal: true,
      evidence,
    };
  }
  return { type: "ok", witness: { type: "direct", compared: seen.size } };
}
