import { execFileSync } from "node:child_process";
import type { Network } from "../../test/system/support/network.ts";

/** A limit on what a host sends, in the units of `tc`. */
interface Egress {
  readonly mbitPerSecond: number;
}

/** What may leave at once after a pause: some sixty whole frames of Ethernet, and a packet as large as the kernel makes them. */
const BURST_BYTES = 96 * 1024;
/** What waits longer would be dropped; senders that TCP holds back see the queue first. */
const QUEUE_MILLIS = 200;

/**
 * What a socket takes beyond what is on its way. The kernel's own bound is 4 MiB a socket: with four peers 16 MiB, more than a second at
 * the pace here, and a member's signs of life stand behind it.
 */
const UNSENT_BYTES = 128 * 1024;

/** From now on this member's network sends no faster, to whomever: a token bucket at its end of the link. */
export function limitEgress(network: Network, index: number, { mbitPerSecond }: Egress): void {
  const [command = "", ...args] = network.prefixOf(index);
  const run = (...words: readonly string[]): void => {
    execFileSync(command, [...args, ...words], { stdio: "pipe" });
  };
  run("sysctl", "-q", "-w", `net.ipv4.tcp_notsent_lowat=${UNSENT_BYTES}`);
  const bucket = ["rate", `${mbitPerSecond}mbit`, "burst", String(BURST_BYTES)];
  const rule = ["root", "tbf", ...bucket, "latency", `${QUEUE_MILLIS}ms`];
  run("tc", "qdisc", "replace", "dev", "eth0", ...rule);
}
