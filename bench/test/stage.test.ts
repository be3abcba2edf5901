import { expect, it } from "vitest";
import { type CpuProfile, selfMicros } from "../cpu-profile.ts";
import { stageOf } from "../stage.ts";

const node = (id: number, functionName: string, url: string, children: readonly number[] = []) => ({
  id,
  callFrame: { functionName, url },
  children,
});

/** A journal that syncs through Node's file system, a map's `get` below raft, a socket that is read, and what V8 does by itself. */
const PROFILE: CpuProfile = {
  nodes: [
    node(1, "(root)", "", [2, 5, 7, 8, 9]),
    node(2, "write", "file:///x/packages/server/dist/journal/journal.js", [3]),
    node(3, "fdatasync", "node:fs", [4]),
    node(4, "fdatasync", ""),
    node(5, "step", "file:///x/packages/kernel/src/protocols/raft/step.ts", [6]),
    node(6, "get", ""),
    node(7, "(idle)", ""),
    node(8, "(garbage collector)", ""),
    node(9, "onStreamRead", "node:net", [10]),
    node(10, "receive", "file:///x/packages/http2/dist/host/socket-link.js"),
  ],
  samples: [2, 3, 4, 4, 5, 6, 7, 8, 9, 10],
  timeDeltas: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
};

it("divides a profile's time by stages: natives count to their callers, Node's to the system", () => {
  const micros = new Map<string | null, number>();
  for (const [frame, own] of selfMicros(PROFILE))
    micros.set(stageOf(frame), (micros.get(stageOf(frame)) ?? 0) + own);
  expect(Object.fromEntries(micros)).toEqual({
    journal: 1,
    "HTTP/2 and listener": 512,
    "Node: streams, sockets, fs": 258,
    "system calls and native code": 12,
    raft: 48,
    null: 64,
    "garbage collection": 128,
  });
});
