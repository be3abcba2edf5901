import {
  assert,
  type Bytes,
  concat,
  type GroupConfig,
  type KeyspaceId,
  keyspaceId,
  type LogState,
  logIndex,
  type Machine,
  type MachineFork,
  Malformed,
  type Position,
  Reader,
  readConfig,
  type Sink,
  Writer,
  writeConfig,
} from "../core/index.ts";
import type { Applier } from "./applier.ts";
import type { ReplicaRules } from "./rules.ts";
import type { Snapshot } from "./seam.ts";
import { Sessions } from "./sessions.ts";

/** What precedes the machine's own dump, in a checkpoint and in a transfer alike: one snapshot format. */
export interface SnapshotHeader {
  readonly keyspace: KeyspaceId;
  readonly profile: string;
  readonly at: Position;
  readonly config: GroupConfig;
  /** The protocol's own word (`Protocol.meta`); a transfer's receiver ignores it and keeps its own. */
  readonly meta: Bytes;
  /** Log time of the last entry applied. */
  readonly time: number;
  readonly sessions: Bytes;
  /** The longest lease that caches may have (D3); 0 is not written, so that who never granted any pays nothing. */
  readonly leasedTicks: number;
}

const VERSION = 1;
/** The header of a damaged stream claims no more than this. */
const HEADER_BYTES_MAX = 256 << 20;

export function encodeHeader(header: SnapshotHeader): Bytes {
  const w = new Writer(512 + header.sessions.length)
    .u8(VERSION)
    .u32(header.keyspace)
    .text(header.profile);
  writeConfig(w.uint(header.at.index).uint(header.at.epoch), header.config);
  w.bytes(header.meta).uint(header.time).bytes(header.sessions);
  if (header.leasedTicks > 0) w.uint(header.leasedTicks);
  const body = w.take();
  return concat([new Writer(4).u32(body.length).take(), body]);
}

function decodeHeader(bytes: Bytes): SnapshotHeader {
  const r = new Reader(bytes);
  if (r.u8() !== VERSION) throw new Malformed("a snapshot of another release");
  const [keyspace, profile] = [keyspaceId(r.u32()), r.text()];
  const at = { index: logIndex(r.uint()), epoch: r.uint() };
  const header = {
    keyspace,
    profile,
    at,
    config: readConfig(r),
    meta: r.bytes().slice(),
    time: r.uint(),
    sessions: r.bytes(),
    leasedTicks: r.left > 0 ? r.uint() : 0,
  };
  r.end();
  return header;
}

/** A replica's state, frozen: the header, then the fork's dump. Cursor 0 is the header, n + 1 the fork's n. */
export class ReplicaSnapshot implements Snapshot {
  readonly at: Position;
  readonly hash: bigint;
  readonly #header: Bytes;
  readonly #fork: MachineFork;

  constructor(header: SnapshotHeader, fork: MachineFork) {
    this.at = header.at;
    this.hash = fork.hash;
    this.#header = encodeHeader(header);
    this.#fork = fork;
  }

  dump(from: bigint, bytesMax: number, out: Sink): bigint | null {
    if (from === 0n) {
      out.put(this.#header);
      return 1n;
    }
    const next = this.#fork.dump(from - 1n, bytesMax, out);
    return next === null ? null : next + 1n;
  }

  release(): void {
    this.#fork.release();
  }
}

/** A replica's state as it stands, frozen. Must be released. */
export function snapshotOf(
  keyspace: KeyspaceId,
  profile: string,
  { log, configs }: LogState,
  meta: Bytes,
  applier: Applier,
  rules: ReplicaRules,
): Snapshot {
  const { index, time, leasedTicks, machine } = applier;
  const sessions = rules.sessionsInSnapshots ? applier.sessions : new Sessions();
  // A configuration that is newer than what was applied comes with the log.
  const applied = configs.filter((known) => known.index <= index);
  const config = applied[applied.length - 1] ?? configs[0];
  assert(config !== undefined, "a replica always has a configuration");
  const at = { index, epoch: log.epochAt(index) ?? log.base.epoch };
  const header = { keyspace, profile, at, config: config.config, meta, time, leasedTicks };
  return new ReplicaSnapshot({ ...header, sessions: sessions.encode() }, machine.fork());
}

/** Takes a snapshot in, chunk by chunk, cut anywhere. */
export class SnapshotReader {
  readonly #create: (profile: string) => Machine | null;
  #pending: Bytes[] = [];
  #pendingBytes = 0;
  #loaded: { readonly header: SnapshotHeader; readonly machine: Machine } | null = null;

  constructor(create: (profile: string) => Machine | null) {
    this.#create = create;
  }

  get header(): SnapshotHeader | null {
    return this.#loaded?.header ?? null;
  }

  /** Throws `Malformed` for what is no snapshot or is of a profile unknown here. */
  push(chunk: Bytes): void {
    if (this.#loaded !== null) {
      this.#loaded.machine.load(chunk);
      return;
    }
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < 4) return;
    const bytes = concat(this.#pending);
    const length = new Reader(bytes).u32();
    if (length > HEADER_BYTES_MAX) throw new Malformed(`a snapshot header of ${length} bytes`);
    this.#pending = [bytes];
    if (bytes.length < 4 + length) return;
    const header = decodeHeader(bytes.subarray(4, 4 + length));
    const machine = this.#create(header.profile);
    if (machine === null) throw new Malformed(`no profile ${header.profile} in this release`);
    this.#loaded = { header, machine };
    this.#pending = [];
    if (bytes.length > 4 + length) machine.load(bytes.subarray(4 + length));
  }

  /** The whole replica state, or null where the stream was incomplete or damaged. */
  finish(): {
    readonly header: SnapshotHeader;
    readonly machine: Machine;
    readonly sessions: Sessions;
  } | null {
    if (this.#loaded === null || !this.#loaded.machine.loaded()) return null;
    return { ...this.#loaded, sessions: Sessions.decode(this.#loaded.header.sessions) };
  }
}
