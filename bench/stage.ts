import type { Frame } from "./cpu-profile.ts";

/** Stages of a put's path, in the order in which it takes them; then what belongs to none. */
export const STAGES = [
  "HTTP/2 and listener",
  "protobuf codec",
  "admission and answers",
  "host: turns, timers",
  "replica, sessions",
  "raft",
  "journal",
  "transport to peers",
  "MVCC apply",
  "kernel's frames, hashes",
  "checkpoint",
  "Node: streams, sockets, fs",
  "system calls and native code",
  "garbage collection",
  "other",
] as const;
export type Stage = (typeof STAGES)[number];

/** The first that matches decides. Paths are those of sources and of what is built from them alike. */
const BY_PATH: readonly (readonly [RegExp, Stage])[] = [
  [/packages\/http2\//, "HTTP/2 and listener"],
  [/packages\/server\/\w+\/gateway\/(grpc|json)\//, "HTTP/2 and listener"],
  [/packages\/server\/\w+\/gateway\/(protobuf|messages)\//, "protobuf codec"],
  [/packages\/server\/\w+\/(gateway|metrics|node)\//, "admission and answers"],
  [/packages\/server\/\w+\/host\//, "host: turns, timers"],
  [/packages\/server\/\w+\/journal\//, "journal"],
  [/packages\/server\/\w+\/transport\//, "transport to peers"],
  [/packages\/server\/\w+\/checkpoint\//, "checkpoint"],
  [/packages\/kernel\/\w+\/replica\//, "replica, sessions"],
  [/packages\/kernel\/\w+\/protocols\//, "raft"],
  [/packages\/kernel\/\w+\/machines\//, "MVCC apply"],
  [/packages\/kernel\/\w+\/core\//, "kernel's frames, hashes"],
  [/^node:/, "Node: streams, sockets, fs"],
];

/** V8's names for what is no function. */
const NATIVE: Readonly<Record<string, Stage>> = {
  "(garbage collector)": "garbage collection",
  "(program)": "system calls and native code",
};

/**
 * To which stage a sample counts; null while the thread was idle, or busy with the profile itself. Native functions count to whoever called
 * them (a map's `get` to the code that looks), but those that Node's own modules call are the system's: reading and writing sockets and
 * files.
 */
export function stageOf({ functionName, url, callerUrl }: Frame): Stage | null {
  if (functionName === "(idle)" || url === "node:inspector" || callerUrl === "node:inspector")
    return null;
  const native = url === "" ? NATIVE[functionName] : undefined;
  if (native !== undefined) return native;
  if (url === "" && callerUrl.startsWith("node:")) return "system calls and native code";
  const path = url === "" ? callerUrl : url;
  return BY_PATH.find(([pattern]) => pattern.test(path))?.[1] ?? "other";
}
