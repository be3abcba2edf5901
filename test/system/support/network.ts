import { execFileSync } from "node:child_process";

/** A network of its own for each member, joined by a bridge over which the test reaches them all. */
export interface Network {
  readonly hostOf: (index: number) => string;
  /** Put before a command to run it in the member's network. */
  readonly prefixOf: (index: number) => readonly string[];
  /** From now on this member hears nothing from those; the other direction is not touched. */
  deafen(index: number, to: readonly number[]): void;
  /** Everyone hears everyone again. */
  heal(): void;
  remove(): void;
}

const TABLE = "quorate";

/** Why this process can make no networks; null where it can. */
export function networkMissing(): string | null {
  const name = `quorate-probe-${process.pid}`;
  try {
    run("ip", "netns", "add", name);
    run("ip", "netns", "exec", name, "nft", "add", "table", "inet", TABLE);
    return null;
  } catch {
    return "network namespaces need root, iproute2 and nftables";
  } finally {
    attempt("ip", "netns", "del", name);
  }
}

/** Lays it; `subnet` is the third byte of its addresses, 10.213.x.0/24. */
export function layNetwork(members: number, subnet: number): Network {
  const id = `${process.pid % 10_000}s${subnet}`;
  const bridge = `qb${id}`;
  const hostOf = (index: number): string => `10.213.${subnet}.${index + 10}`;
  const space = (index: number): string => `quorate-${id}-${index}`;
  const inside = (index: number, ...args: readonly string[]): void =>
    run("ip", "netns", "exec", space(index), ...args);
  const indexes = Array.from({ length: members }, (_, i) => i);
  const remove = (): void => {
    for (const i of indexes) attempt("ip", "netns", "del", space(i));
    attempt("ip", "link", "del", bridge);
  };
  try {
    run("ip", "link", "add", bridge, "type", "bridge");
    run("ip", "addr", "add", `10.213.${subnet}.1/24`, "dev", bridge);
    run("ip", "link", "set", bridge, "up");
    for (const i of indexes) {
      run("ip", "netns", "add", space(i));
      run(
        "ip",
        "link",
        "add",
        `q${id}v${i}`,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "netns",
        space(i),
      );
      run("ip", "link", "set", `q${id}v${i}`, "master", bridge, "up");
      inside(i, "ip", "addr", "add", `${hostOf(i)}/24`, "dev", "eth0");
      inside(i, "ip", "link", "set", "eth0", "up");
      inside(i, "ip", "link", "set", "lo", "up");
      inside(i, "nft", "add", "table", "inet", TABLE);
      inside(i, "nft", `add chain inet ${TABLE} input { type filter hook input priority 0; }`);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return {
    hostOf,
    prefixOf: (index) => ["ip", "netns", "exec", space(index)],
    deafen(index, to) {
      for (const other of to) {
        inside(index, "nft", `add rule inet ${TABLE} input ip saddr ${hostOf(other)} drop`);
      }
    },
    heal() {
      for (const i of indexes) inside(i, "nft", "flush", "chain", "inet", TABLE, "input");
    },
    remove,
  };
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

function attempt(command: string, ...args: readonly string[]): void {
  try {
    run(command, ...args);
  } catch {
    // It was not there.
  }
}
