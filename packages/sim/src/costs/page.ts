import type { Cost } from "./costs.ts";

/** `docs/protocols/costs.md`. */
export function costsPage(costs: readonly Cost[]): string {
  const names = [...new Set(costs.map(({ name }) => name))];
  const of = (name: string): readonly Cost[] => costs.filter((cost) => cost.name === name);
  const sizes = [...new Set(costs.map(({ others }) => others))];
  const head = [
    "",
    "textbook",
    ...sizes.flatMap((n) => [`n = ${n}`, "syncs", "bytes out", "p99 ms", "one slow"]),
    "by type",
    "why",
  ];
  const rows = names.map((name) => {
    const all = of(name);
    const [first] = all;
    return [
      name,
      first?.textbook ?? "",
      ...all.flatMap(({ messages, others, syncs, bytesOut, latencies, besideSlow }) => [
        `${figure(messages)} = ${figure(messages / others)}n`,
        figure(syncs),
        figure(bytesOut),
        figure(latencies.p99),
        figure(besideSlow.p99),
      ]),
      (first?.byType ?? []).map(([type, count]) => `${type} ${figure(count)}`).join(", "),
      first?.why ?? "",
    ];
  });
  return [
    "# What a write costs, measured",
    "",
    "Made by `npm run costs`, which runs the protocols in explicit mode: one command of 100 bytes at a time, nothing batched, nothing pipelined, no fault, no time passing, so that no heartbeat is among",
    "the messages. `n` is the number of members beside the one that orders. *syncs* are over all members; *bytes out* leave whoever orders. *By type* is for the smaller group. In service a turn's commands share",
    "all of this.",
    "",
    "*p99 ms* is simulated, of 100 writes one after the other: every message takes 1 to 3 ms, drawn from a seed, disks write at once, and what is counted is the time from a proposal until whoever orders may answer it. *One slow*: the",
    "same with one of the others, of a chain its tail, 25 ms further away in each direction (in the middle of a chain it would delay both ways through it, and so twice as much). Who waits for a majority, or for one secondary, or for nobody, does not wait for that one; who waits for all does, and a chain waits for whoever is in it. Nobody is declared",
    "out of step here: in service a synchronous primary and a chain wait for a slow member too, as long as it answers.",
    "",
    tableOf(head, rows),
    "",
  ].join("\n");
}

const figure = (n: number): string => String(Math.round(n * 100) / 100);

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
