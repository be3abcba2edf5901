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

/** From now on this member's network sends no faster, to whomever: a token bucket at its end of the link. */
export function limitEgress(network: Network, index: number, { mbitPerSecond }: Egress): void {
  const [command = "", ...args] = network.prefixOf(index);
  const bucket = ["rate", `${mbitPerSecond}mbit`, "burst", String(BURST_BYTES)];
  const rule = ["root", "tbf", ...bucket, "latency", `${QUEUE_MILLIS}ms`];
  execFileSync(command, [...args, "tc", "qdisc", "replace", "dev", "eth0", ...rule], {
    stdio: "pipe",
  });
}
