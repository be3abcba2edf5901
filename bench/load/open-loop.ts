import { type ClientHandler, Code, type GrpcClient } from "@quorate/http2";
import { Latencies } from "./latencies.ts";

export interface OpenLoopOptions {
  /** Calls go to them in turn. */
  readonly clients: readonly GrpcClient[];
  readonly path: string;
  /** When each call is to be made (`arrivals`). */
  readonly due: Float64Array;
  readonly message: (index: number) => Uint8Array;
  /** Hears of each that was answered well, and how long after it was due. */
  readonly onDone?: (index: number, millis: number) => void;
}

export interface OpenLoopResult {
  readonly due: number;
  readonly ok: number;
  /** Answered with another status. */
  readonly failed: number;
  /** Not sent, because `OUTSTANDING_MAX` others were under way: the system was not keeping up. */
  readonly overflowed: number;
  /** Sent, and not answered `ANSWER_MILLIS_MAX` after the last one was due. */
  readonly unanswered: number;
  /** From when each was due until it was answered well. */
  readonly latencies: Latencies;
  /** From when each was due until it was sent: what this generator itself adds to the latencies. */
  readonly lateness: Latencies;
  /** CPU of this process meanwhile, for each call that was due. */
  readonly ownCpuMicros: number;
}

/** A generator that goes on without bound measures its own memory; what is due beyond this is counted, and not sent. */
export const OUTSTANDING_MAX = 10_000;
export const ANSWER_MILLIS_MAX = 10_000;

/**
 * Makes calls when they are due, whether or not earlier ones have been answered, and measures each from then on. A server that
 * stands still for a second is thereby charged for every call of that second; a loop that waits for answers would have asked
 * it one (coordinated omission).
 */
export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { clients, path, due, message, onDone } = options;
  const methods = clients.map((client) => client.method(path));
  const [latencies, lateness] = [new Latencies(), new Latencies()];
  const counts = { ok: 0, failed: 0, overflowed: 0, sent: 0 };
  const cpu = process.cpuUsage();
  let next = 0;
  await new Promise<void>((resolve) => {
    const isOver = (): boolean => next === due.length && counts.ok + counts.failed === counts.sent;
    const send = (index: number, late: number): void => {
      if (counts.sent - counts.ok - counts.failed >= OUTSTANDING_MAX) {
        counts.overflowed++;
        return;
      }
      const client = clients[index % clients.length];
      const method = methods[index % clients.length];
      if (client === undefined || method === undefined) throw new RangeError("no client");
      lateness.record(late);
      counts.sent++;
      const handler: ClientHandler = {
        onMessage() {},
        onEnd({ status }) {
          if (status.code === Code.OK) {
            const millis = performance.now() - (due[index] ?? 0);
            counts.ok++;
            latencies.record(millis);
            onDone?.(index, millis);
          } else counts.failed++;
          if (isOver()) resolve();
        },
      };
      client.start(method, handler).writeLast([message(index)]);
    };
    const sendDue = (): void => {
      for (let now = performance.now(); next < due.length; now = performance.now()) {
        const late = now - (due[next] ?? 0);
        if (late < 0) break;
        send(next++, late);
      }
      // Timers count whole milliseconds; waiting without one would take a core from the servers.
      if (next < due.length) setTimeout(sendDue, Math.max(1, (due[next] ?? 0) - performance.now()));
      else if (isOver()) resolve();
      else setTimeout(resolve, ANSWER_MILLIS_MAX).unref();
    };
    sendDue();
  });
  const { user, system } = process.cpuUsage(cpu);
  const { ok, failed, overflowed, sent } = counts;
  return {
    due: due.length,
    ok,
    failed,
    overflowed,
    unanswered: sent - ok - failed,
    latencies,
    lateness,
    ownCpuMicros: (user + system) / Math.max(1, due.length),
  };
}
