import { randomBytes } from "node:crypto";
import {
  type JoinedHello,
  type JoinHello,
  lossesOf,
  type Now,
  type RefusedHello,
  type StartId,
  startId,
} from "@quorate/kernel/core";
import type { Identity, NodeKernel, RecoveredNode } from "@quorate/kernel/replica";
import { CheckpointStore } from "../checkpoint/index.ts";
import {
  below,
  type Damage,
  describeDamage,
  type Files,
  FREE_BYTES_MIN,
  Journal,
  nodeFiles,
  type RecoveredJournal,
  recoverJournal,
  SEGMENT_BYTES,
} from "../journal/index.ts";
import { type Describe, LostFiles } from "../lost/index.ts";
import { type PeerTls, Transport, type TransportLimits } from "../transport/index.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Host } from "./host.ts";
import { lockDirectory } from "./lock.ts";
import type { Log } from "./log.ts";
import { DirectoryUnusable, type NodeFile, readNodeFile, writeNodeFile } from "./node-file.ts";

export interface NodeOptions {
  readonly dataDir: string;
  /** host:port of the peer port; port 0 takes a free one. */
  readonly listenPeer: string;
  /**
   * Who this node is, from bootstrap or join, for a directory that was never used. One that was used knows, and
   * if both are given they must agree. Null where only a used directory will do.
   */
  readonly identity: Omit<NodeFile, "created"> | null;
  readonly kernel: (
    identity: Identity,
    recovered: RecoveredNode,
    seed: bigint,
    now: Now,
  ) => NodeKernel;
  readonly log: Log;
  /** How people read a command that is written out because it is undone. */
  readonly describe?: Describe;
  /** The node stopped by itself, and everything is closed. */
  readonly onHalt: (reason: string) => void;
  /** Answers a node that asks to be let in; it must end by its own deadline. */
  readonly onJoin: (host: Host, request: JoinHello) => Promise<JoinedHello | RefusedHello>;
  readonly tls?: PeerTls | null;
  readonly segmentBytes?: number;
  readonly freeBytesMin?: number;
  readonly limits?: Partial<TransportLimits>;
  readonly files?: Files;
  readonly clock?: Clock;
}

export interface OpenNode {
  readonly host: Host;
  /** host:port that the peer port got. */
  readonly peerAddress: string;
}

/** Durable records of this node are lost, and nobody else has them. */
export class JournalDamaged extends Error {
  override readonly name = "JournalDamaged";

  constructor(lost: readonly string[], advice: string) {
    super(`the journal is damaged and must not be skipped: ${lost.join("; ")}. ${advice}`);
  }
}

/**
 * Starts a node on its data directory: lock, identity, recovery, kernel, journal, peer port; then its first turn.
 * Whatever fails on the way is thrown, with everything before it let go. A crash on the way is harmless: the next
 * start finds what this one found.
 */
export async function openNode(options: NodeOptions): Promise<OpenNode> {
  const files = options.files ?? nodeFiles;
  await files.makeDirectory(options.dataDir);
  const lock = await lockDirectory(options.dataDir);
  const undo: (() => Promise<void>)[] = [() => lock.release()];
  try {
    const { identity, file } = await identify(files, options);
    const found = await recover(files, options, identity, file.begun === true);
    const { recovered, checkpoints } = found;
    const seed = randomBytes(8).readBigUInt64LE();
    const clock = options.clock ?? systemClock();
    const kernel = options.kernel(identity, recovered, seed, clock.now());
    refuseIfAlone(kernel, found.lost);
    for (const segment of found.journal.unreadable)
      await files.rename(segment, `${segment}.damaged`);

    // The journal and the peer port speak to a host that is made of them: it exists before they can say a word.
    let host: Host | null = null;
    const journal = await Journal.open(journalOptions(files, options, identity), found.journal, {
      onDurable: (upTo) => host?.input({ type: "Durable", upTo }),
      onFailed: (reason) => host?.input({ type: "DiskFailed", reason }),
      onSpace: (space) => host?.input({ type: "Space", space }),
    });
    undo.push(() => journal.close());
    if (file.begun !== true) await writeNodeFile(files, options.dataDir, { ...file, begun: true });
    const { listenPeer: listen, log, limits } = options;
    const transport = new Transport(
      { identity, listen, tls: options.tls ?? null, log, ...(limits && { limits }) },
      {
        onFrame: (from, bytes) => host?.input({ type: "Frame", from, bytes }),
        onLink: (peer, up) => host?.input({ type: "Link", peer, up }),
        onJoin: (request) =>
          host === null
            ? Promise.reject(new Error("this node is starting: ask again"))
            : options.onJoin(host, request),
      },
    );
    const peerAddress = await transport.listen();
    undo.push(() => transport.close());
    const lost = await LostFiles.open({
      files,
      directory: below(options.dataDir, "lost"),
      log,
      describe: options.describe ?? (() => null),
    });
    const parts = { journal, checkpoints, lost, transport, lock };
    host = new Host({ identity, kernel, clock, log, onHalt: options.onHalt }, parts);
    host.start();
    return { host, peerAddress };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** A fresh random id of 63 bits, for a cluster, a node or a start; never zero. */
export function random63(): bigint {
  const bits = randomBytes(8).readBigUInt64LE() >> 1n;
  return bits === 0n ? 1n : bits;
}

async function identify(
  files: Files,
  options: NodeOptions,
): Promise<{ readonly identity: Identity; readonly file: NodeFile }> {
  const { dataDir, identity: given } = options;
  const start: StartId = startId(random63());
  const known = readNodeFile(dataDir);
  if (known !== null) {
    if (given !== null && (given.cluster !== known.cluster || given.node !== known.node)) {
      throw new DirectoryUnusable(
        `${dataDir} belongs to node ${known.node} of cluster ${known.cluster}, this was to be node ` +
          `${given.node} of cluster ${given.cluster}: choose another data directory, or restore the old settings`,
      );
    }
    return { identity: { cluster: known.cluster, node: known.node, start }, file: known };
  }
  if ((await files.list(below(dataDir, "journal"))).some((name) => name.endsWith(".seg"))) {
    throw new DirectoryUnusable(
      `${dataDir} has a journal but no node.json, so nobody knows whose it is: empty it, and remove this member and join anew`,
    );
  }
  if (given === null) {
    throw new DirectoryUnusable(
      `${dataDir} holds no node yet: start it with an initial cluster, or join one`,
    );
  }
  const content: NodeFile = { ...given, created: new Date().toISOString() };
  await writeNodeFile(files, dataDir, content);
  return { identity: { cluster: given.cluster, node: given.node, start }, file: content };
}

async function recover(
  files: Files,
  options: NodeOptions,
  identity: Identity,
  begun: boolean,
): Promise<{
  readonly recovered: RecoveredNode;
  readonly journal: RecoveredJournal;
  readonly checkpoints: CheckpointStore;
  /** What is gone, a line each. */
  readonly lost: readonly string[];
}> {
  const { dataDir, log } = options;
  const checkpoints = await CheckpointStore.open({
    files,
    directory: below(dataDir, "checkpoints"),
    incoming: below(dataDir, "incoming"),
    identity,
    log,
  });
  const { checkpoints: sound, lost } = await checkpoints.recover();
  const known = [...sound.map(({ group }) => group), ...lost];
  const journal = await recoverJournal(files, below(dataDir, "journal"), identity, known);
  if (journal.torn !== null) {
    const { from, to, firstSeq } = journal.torn;
    log.warn({ offset: from, bytes: to - from, firstSeq }, "a torn tail of the journal is cut off");
  }
  const found = lossesOf(
    {
      ...journal,
      firstSeq: journal.segments[0]?.header.firstSeq ?? null,
      ends: journal.resume !== null,
      begun: begun || journal.segments.length + journal.unreadable.length > 0,
    },
    { covers: new Map(sound.map(({ group, covers }) => [group, covers])), lost },
  );
  const damage = found.damage.map((one): Damage => ({ segment: null, offset: 0, ...one }));
  for (const one of damage) log.error({ group: one.group }, describeDamage(one));
  for (const file of journal.unreadable) log.error({ file }, "a journal segment without a header");
  const { lastSeq, damaged, birthsLost } = found;
  return {
    recovered: { checkpoints: sound, records: journal.records, lastSeq, damaged, birthsLost },
    journal: { ...journal, lastSeq, resume: found.endLost ? null : journal.resume },
    checkpoints,
    lost: [
      ...damage.map(describeDamage),
      ...lost.map((group) => `no checkpoint of group ${group} is sound`),
    ],
  };
}

/** A replicated group is rebuilt from its peers; a lone voter has none, and stops. */
function refuseIfAlone(kernel: NodeKernel, lost: readonly string[]): void {
  if (lost.length === 0) return;
  const voters = kernel.status().members.filter(({ learner }) => !learner);
  if (voters.length <= 1) {
    throw new JournalDamaged(
      lost,
      "This node is the only voter, so nobody can repair it: restore a backup.",
    );
  }
}

function journalOptions(files: Files, options: NodeOptions, identity: Identity) {
  return {
    files,
    directory: below(options.dataDir, "journal"),
    identity,
    log: options.log,
    segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
    freeBytesMin: options.freeBytesMin ?? FREE_BYTES_MIN,
  };
}
