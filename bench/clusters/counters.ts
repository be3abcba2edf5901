import type { Cluster } from "./cluster.ts";

/** What a member of ours has counted of itself so far, from its `/metrics`. */
export interface Counters {
  readonly framesSent: number;
  readonly bytesSent: number;
  readonly syncs: number;
}

const ANSWER_MILLIS_MAX = 60_000;
const NAMES: Readonly<Record<keyof Counters, string>> = {
  framesSent: "quorate_peer_frames_sent_total",
  bytesSent: "quorate_peer_sent_bytes_total",
  syncs: "quorate_journal_syncs_total",
};

/** Of each member, in order. Fails where one does not tell: a zero would be taken for a measurement. */
export function countersOf({ clients }: Cluster): Promise<readonly Counters[]> {
  return Promise.all(
    clients.map(async (client) => {
      const signal = AbortSignal.timeout(ANSWER_MILLIS_MAX);
      const text = await (await fetch(`${client}/metrics`, { signal })).text();
      const read = (name: keyof Counters): number => readingOf(text, NAMES[name]);
      return {
        framesSent: read("framesSent"),
        bytesSent: read("bytesSent"),
        syncs: read("syncs"),
      };
    }),
  );
}

/** A series without labels, in Prometheus' text. */
export function readingOf(text: string, name: string): number {
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  if (line === undefined) throw new Error(`no member tells ${name}`);
  return Number(line.slice(name.length + 1));
}
