import { type AnyLogProtocol, type NodeId, requestId } from "@quorate/kernel/core";
import { type Latencies, latenciesOf } from "./latencies.ts";
import { settled, WAYS, type Way } from "./ways.ts";

/** What a write costs, on average over all that were made. */
export interface Cost {
  readonly name: string;
  /** Beside the one that orders. */
  readonly others: number;
  readonly messages: number;
  /** By type, most first. */
  readonly byType: readonly (readonly [type: string, count: number])[];
  /** Records made durable, over all members. */
  readonly syncs: number;
  /** Bytes of messages that leave whoever orders. */
  readonly bytesOut: number;
  /** With a network that takes time; beside it, with one of the others slow. */
  readonly latencies: Latencies;
  readonly besideSlow: Latencies;
  readonly textbook: string;
  readonly why: string;
}

const WRITES = 100;
const COMMAND_BYTES = 100;

/** Runs every protocol in explicit mode, and counts (catalogue F9). */
export const measureCosts = (sizes: readonly number[]): readonly Cost[] =>
  WAYS.flatMap((way) => sizes.map((size) => costOf(way, size)));

function costOf(way: Way, size: number): Cost {
  const { name, protocol, textbook, why } = way;
  const counted = { syncs: 0, bytesOf: new Map<NodeId, number>() };
  const { net, leader } = settled(way, counting(protocol, counted), size);
  net.sent.clear();
  counted.syncs = 0;
  counted.bytesOf.clear();
  for (let i = 1; i <= WRITES; i++) {
    const command = new Uint8Array(COMMAND_BYTES);
    net.input(leader, { type: "Propose", commands: [{ id: requestId(i), command }] });
    net.deliver();
  }
  const byType = [...net.sent].sort(([, a], [, b]) => b - a);
  const total = byType.reduce((sum, [, count]) => sum + count, 0);
  return {
    name,
    others: size - 1,
    messages: total / WRITES,
    byType: byType.map(([type, count]) => [type, count / WRITES]),
    syncs: counted.syncs / WRITES,
    bytesOut: (counted.bytesOf.get(leader) ?? 0) / WRITES,
    latencies: latenciesOf(way, size, false),
    besideSlow: latenciesOf(way, size, true),
    textbook,
    why,
  };
}

/** The same protocol, with what it persists and sends counted. */
function counting(
  protocol: AnyLogProtocol,
  counted: { syncs: number; readonly bytesOf: Map<NodeId, number> },
): AnyLogProtocol {
  return {
    ...protocol,
    step: (state, now, inputs) => {
      const step = protocol.step(state, now, inputs);
      // A turn's records are one write and one sync.
      if (step[1].some(({ type }) => type === "Persist")) counted.syncs++;
      for (const effect of step[1]) {
        if (effect.type !== "Send") continue;
        const { self } = step[0];
        const bytes = protocol.encode(effect.message).length;
        counted.bytesOf.set(self, (counted.bytesOf.get(self) ?? 0) + bytes);
      }
      return step;
    },
  };
}
