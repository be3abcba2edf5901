import { preloadOf } from "../clock/index.ts";

/** Where a member lives: what its command line has to say. */
export interface Place {
  readonly name: string;
  readonly dataDir: string;
  /** The file that sets its wall clock, where it can be set. */
  readonly clock: string;
  /** host:port, all of them. */
  readonly client: string;
  readonly peer: string;
  /** Where the others reach it: `peer`, or the relay before it. */
  readonly advertisedPeer: string;
  /** All members, by name and advertised address. */
  readonly founders: readonly { readonly name: string; readonly address: string }[];
  readonly token: string;
}

/** What is put to the torture. */
export interface Subject {
  readonly kind: "quorate" | "etcd";
  command(place: Place): readonly string[];
  /** Faults that it does not promise to bear, or that cannot be done to it, and why. */
  readonly spared: Readonly<Record<string, string>>;
}

/** Segments as small as they may be, and checkpoints soon: what is rare in a day happens in a minute. */
const SEGMENT_BYTES = 4 * 2 ** 20;
const CHECKPOINT_BYTES = 2 ** 20;
const TAIL_ENTRIES = 2000;
const FREE_BYTES = 8 * 2 ** 20;

/** The shipped server; `script` is the file of its command. */
export const quorate = (script: string): Subject => ({
  kind: "quorate",
  command: ({ name, dataDir, clock, client, peer, advertisedPeer, founders, token }) => [
    process.execPath,
    preloadOf(clock),
    script,
    "start",
    `--name=${name}`,
    `--data-dir=${dataDir}`,
    `--listen-client-urls=http://${client}`,
    `--listen-peer-urls=http://${peer}`,
    `--initial-advertise-peer-urls=http://${advertisedPeer}`,
    `--initial-cluster=${founders.map((one) => `${one.name}=${one.address}`).join(",")}`,
    `--initial-cluster-token=${token}`,
    "--insecure-peers",
    `--journal-segment-bytes=${SEGMENT_BYTES}`,
    `--journal-free-bytes=${FREE_BYTES}`,
    `--checkpoint-bytes=${CHECKPOINT_BYTES}`,
    `--snapshot-count=${TAIL_ENTRIES}`,
  ],
  spared: {},
});

/** Debian's etcd, on the same terms. */
export const etcd: Subject = {
  kind: "etcd",
  command: ({ name, dataDir, client, peer, advertisedPeer, founders, token }) => [
    "etcd",
    `--name=${name}`,
    `--data-dir=${dataDir}`,
    `--listen-client-urls=http://${client}`,
    `--advertise-client-urls=http://${client}`,
    `--listen-peer-urls=http://${peer}`,
    `--initial-advertise-peer-urls=http://${advertisedPeer}`,
    `--initial-cluster=${founders.map((one) => `${one.name}=http://${one.address}`).join(",")}`,
    `--initial-cluster-token=${token}`,
    `--snapshot-count=${TAIL_ENTRIES}`,
  ],
  spared: {
    fullDisk: "etcd stops when its disk is full",
    jumpWall: "etcd's process takes its clock from the machine, which is everybody's",
    rotBit: "etcd does not repair its own log",
  },
};
