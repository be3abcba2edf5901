import type { Cleanup } from "../cleanup.ts";
import { failureOf, tool, toolNow } from "../command.ts";
import type { Impairment, Lift, Link, Network } from "./network.ts";

const TABLE = "torture";
const CLIENT_PORT = 2379;
const PEER_PORT = 2380;
/** Networks 10.214.0.0/24 to 10.214.199.0/24, by the number of the process that lays them. */
const SUBNETS = 200;
/** What a packet counts against a limit of bytes, before the limit bites. */
const BURST_BYTES = 5000;

/** Why this process can make no networks; null where it can. */
export function namespacesMissing(): string | null {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  const name = `torture-probe-${process.pid}`;
  const failure = failureOf(() => {
    toolNow("ip", "netns", "add", name);
    toolNow("ip", "netns", "exec", name, "nft", "add", "table", "inet", TABLE);
  });
  failureOf(() => toolNow("ip", "netns", "del", name));
  return failure === null
    ? null
    : `network namespaces need root, iproute2 and nftables (${failure})`;
}

/**
 * A network namespace for each member, joined by a bridge over which the clients reach them. Packets between members are dropped
 * by rules of nftables, on arrival, and delayed by tc's netem where the kernel has it.
 */
export class Namespaces implements Network {
  readonly kind = "namespaces";
  readonly #id: string;
  readonly #subnet: number;
  readonly #netemMissing: string | null;
  #impairments = 0;

  constructor(members: number, cleanup: Cleanup) {
    this.#id = `${process.pid}`;
    this.#subnet = process.pid % SUBNETS;
    const bridge = `tb${this.#id}`;
    cleanup.add(
      `bridge ${bridge}`,
      () => void failureOf(() => toolNow("ip", "link", "del", bridge)),
    );
    toolNow("ip", "link", "add", bridge, "type", "bridge");
    toolNow("ip", "addr", "add", `${this.#host(-9)}/24`, "dev", bridge);
    toolNow("ip", "link", "set", bridge, "up");
    for (let i = 0; i < members; i++) this.#lay(i, bridge, cleanup);
    this.#netemMissing = failureOf(() =>
      this.#inside(0, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "0ms"),
    );
    if (this.#netemMissing === null) this.#inside(0, "tc", "qdisc", "del", "dev", "lo", "root");
  }

  placeOf(index: number) {
    const peer = `${this.#host(index)}:${PEER_PORT}`;
    return { client: `${this.#host(index)}:${CLIENT_PORT}`, peer, advertisedPeer: peer };
  }

  prefixOf(index: number): readonly string[] {
    return ["ip", "netns", "exec", this.#space(index)];
  }

  lacks(type: Impairment["type"]): string | null {
    if (type === "drop" || type === "lose" || type === "limit") return null;
    return this.#netemMissing === null ? null : `tc has no netem here (${this.#netemMissing})`;
  }

  impair(links: readonly Link[], impairment: Impairment): Promise<Lift> {
    switch (impairment.type) {
      case "drop":
        return this.#filter(links, "counter drop");
      case "lose":
        return this.#filter(links, `numgen random mod 1000 < ${impairment.perMille} counter drop`);
      case "limit":
        return this.#filter(
          links,
          `limit rate over ${impairment.bytesPerSecond} bytes/second burst ${BURST_BYTES} bytes counter drop`,
        );
      case "delay":
        return this.#shape(links, ["delay", `${impairment.millis}ms`]);
      case "duplicate":
        return this.#shape(links, ["duplicate", `${impairment.perMille / 10}%`]);
      case "reorder":
        return this.#shape(links, ["delay", "20ms", "reorder", `${impairment.perMille / 10}%`]);
    }
  }

  /** A chain of its own for each impairment: any chain may drop a packet, and taking one away leaves the others. */
  async #filter(links: readonly Link[], verdict: string): Promise<Lift> {
    const chain = `i${this.#impairments++}`;
    const receivers = [...new Set(links.map(({ to }) => to))];
    await Promise.all(
      receivers.map((to) => {
        const rules = links
          .filter((link) => link.to === to)
          .map(
            ({ from }) => `add rule inet ${TABLE} ${chain} ip saddr ${this.#host(from)} ${verdict}`,
          );
        const hook = "{ type filter hook input priority 0; }";
        return this.#nft(to, [`add chain inet ${TABLE} ${chain} ${hook}`, ...rules].join("\n"));
      }),
    );
    return async () => {
      const hits = await Promise.all(
        receivers.map(async (to) => {
          const listed = await this.#nft(to, `list chain inet ${TABLE} ${chain}`);
          await this.#nft(
            to,
            `flush chain inet ${TABLE} ${chain}\ndelete chain inet ${TABLE} ${chain}`,
          );
          return sumOf(listed, /packets (\d+)/g);
        }),
      );
      return hits.reduce((sum, hit) => sum + hit, 0);
    };
  }

  /** netem works on all that a member sends, the answers to clients included. One at a time for each member. */
  async #shape(links: readonly Link[], how: readonly string[]): Promise<Lift> {
    const senders = [...new Set(links.map(({ from }) => from))];
    const tc = (index: number, ...args: readonly string[]): Promise<string> =>
      tool("ip", ["netns", "exec", this.#space(index), "tc", ...args]);
    await Promise.all(
      senders.map((i) => tc(i, "qdisc", "replace", "dev", "eth0", "root", "netem", ...how)),
    );
    return async () => {
      const sent = await Promise.all(
        senders.map(async (i) => {
          const shown = await tc(i, "-s", "qdisc", "show", "dev", "eth0");
          await tc(i, "qdisc", "del", "dev", "eth0", "root");
          return sumOf(shown, /(\d+) pkt/g);
        }),
      );
      return sent.reduce((sum, one) => sum + one, 0);
    };
  }

  #lay(index: number, bridge: string, cleanup: Cleanup): void {
    const space = this.#space(index);
    const near = `tv${this.#id}-${index}`;
    cleanup.add(`namespace ${space}`, () => toolNow("ip", "netns", "del", space));
    toolNow("ip", "netns", "add", space);
    // A link goes with its namespace, but some time later: the next run of this process could not have its name.
    cleanup.add(`link ${near}`, () => void failureOf(() => toolNow("ip", "link", "del", near)));
    toolNow("ip", "link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", space);
    toolNow("ip", "link", "set", near, "master", bridge, "up");
    this.#inside(index, "ip", "addr", "add", `${this.#host(index)}/24`, "dev", "eth0");
    this.#inside(index, "ip", "link", "set", "eth0", "up");
    this.#inside(index, "ip", "link", "set", "lo", "up");
    this.#inside(index, "nft", "add", "table", "inet", TABLE);
  }

  #inside(index: number, ...args: readonly string[]): void {
    toolNow("ip", "netns", "exec", this.#space(index), ...args);
  }

  #nft(index: number, script: string): Promise<string> {
    return tool("ip", ["netns", "exec", this.#space(index), "nft", "-f", "-"], `${script}\n`);
  }

  readonly #host = (index: number): string => `10.214.${this.#subnet}.${index + 10}`;
  readonly #space = (index: number): string => `torture-${this.#id}-${index}`;
}

const sumOf = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);
