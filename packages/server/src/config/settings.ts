import { LOG_LEVELS, parseFounders, parseListenUrl, parseUrls } from "./values.ts";

/** What a setting's text may be. Lists are separated by commas, in flags, environment and file alike. */
export type Kind =
  | { readonly type: "text" }
  | { readonly type: "flag" }
  | { readonly type: "choice"; readonly of: readonly string[] }
  /** An integer from `min` to `max`, in `Setting.unit`. */
  | { readonly type: "integer"; readonly min: number; readonly max: number }
  /** A text with a form of its own; `check` throws a `RangeError` that says what it should look like. */
  | { readonly type: "formed"; readonly check: (text: string) => void };

export interface Setting {
  readonly kind: Kind;
  /** Null where it follows from other settings; `means` then says from which. */
  readonly default: string | number | boolean | null;
  readonly unit: string;
  /** What it is, one sentence. */
  readonly means: string;
  /** What happens at the bound, or what goes wrong with a bad value. */
  readonly whenHit: string;
}

/** A follower must hear several heartbeats in the shortest time after which it asks for votes (as etcd demands). */
export const HEARTBEATS_PER_ELECTION_MIN = 10;
export const ELECTION_RULE = `election-timeout must be at least ${HEARTBEATS_PER_ELECTION_MIN} times heartbeat-interval`;

const UNUSABLE = "Missing, unreadable or not fitting, it stops the start.";
const RELOADED = "Read again within 10 s of a change, and on SIGHUP.";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/**
 * Every setting of a node by its one name: the key in `quorate.json`, the flag behind `--`, and with `QUORATE_` and
 * underscores the environment. Names are etcd's where etcd has the setting. Raft's safety rules are none of them.
 */
export const SETTINGS = {
  name: {
    kind: { type: "text" },
    default: "default",
    unit: "",
    means: "Name of this node, as --initial-cluster gives it.",
    whenHit:
      "One that --initial-cluster lacks, or another than the data directory's, stops the start.",
  },
  "data-dir": {
    kind: { type: "text" },
    default: null,
    unit: "",
    means: "Directory of journal and checkpoints; .quorate/NAME if not given.",
    whenHit: "One that another process uses, or that another node wrote, stops the start.",
  },
  "listen-client-urls": {
    kind: { type: "formed", check: parseListenUrl },
    default: "127.0.0.1:2379",
    unit: "",
    means:
      "Where clients connect: gRPC and JSON on one port. Host:port or a URL, whose scheme must be the one that cert-file makes it. This release listens on one address.",
    whenHit:
      "Beyond loopback it warns where clients are not asked for certificates; a taken port stops the start.",
  },
  "listen-peer-urls": {
    kind: { type: "formed", check: parseListenUrl },
    default: "127.0.0.1:2380",
    unit: "",
    means: "Where the other members connect.",
    whenHit:
      "Beyond loopback it needs peer-cert-file or --insecure-peers; a taken port stops the start.",
  },
  "advertise-client-urls": {
    kind: { type: "formed", check: parseUrls },
    default: null,
    unit: "",
    means: "What clients are told; listen-client-urls if not given.",
    whenHit: "Clients that discover members cannot reach them.",
  },
  "initial-advertise-peer-urls": {
    kind: { type: "formed", check: parseListenUrl },
    default: null,
    unit: "",
    means: "Where the other members reach this one; listen-peer-urls if not given.",
    whenHit: "It must be what --initial-cluster says of this node.",
  },
  "initial-cluster": {
    kind: { type: "formed", check: parseFounders },
    default: null,
    unit: "",
    means: "All founders as name=host:port,…; this node alone if not given. Ignored with --join.",
    whenHit: "A used data directory of another cluster stops the start.",
  },
  "initial-cluster-state": {
    kind: { type: "choice", of: ["new", "existing"] },
    default: "new",
    unit: "",
    means: "`existing`: an empty node joins the others of --initial-cluster instead of founding.",
    whenHit: "A founder whose data directory was lost is refused: remove the member and join anew.",
  },
  "initial-cluster-token": {
    kind: { type: "text" },
    default: "quorate-cluster",
    unit: "",
    means: "Tells clusters apart that are founded by equal lists; new for every cluster.",
    whenHit: "Two clusters with the same list and token would take each other's messages.",
  },
  join: {
    kind: { type: "formed", check: parseUrls },
    default: null,
    unit: "",
    means: "Peer addresses host:port,… of members to ask to be let in, on an empty data directory.",
    whenHit: "Each is asked in turn for a minute or more; then the start fails.",
  },
  learner: {
    kind: { type: "flag" },
    default: false,
    unit: "",
    means: "A joining node stays a learner, without a vote, until it is promoted by hand.",
    whenHit: "A cluster has one learner at a time.",
  },
  "insecure-peers": {
    kind: { type: "flag" },
    default: false,
    unit: "",
    means:
      "Allows a peer port beyond loopback without TLS; whoever reaches it can change the data.",
    whenHit: "Without it such a peer port stops the start.",
  },
  "cert-file": {
    kind: { type: "text" },
    default: null,
    unit: "",
    means: "Certificate for clients, in PEM: the client port speaks TLS, and nothing else.",
    whenHit: `${UNUSABLE} Expired, it warns. ${RELOADED}`,
  },
  "key-file": {
    kind: { type: "text" },
    default: null,
    unit: "",
    means: "Key of cert-file, in PEM without a passphrase.",
    whenHit: `${UNUSABLE} ${RELOADED}`,
  },
  "trusted-ca-file": {
    kind: { type: "text" },
    default: null,
    unit: "",
    means:
      "Authorities, in PEM: clients must show a certificate of one of them, as with client-cert-auth.",
    whenHit: `A client without one is hung up on. ${RELOADED}`,
  },
  "client-cert-auth": {
    kind: { type: "flag" },
    default: false,
    unit: "",
    means: "Clients must show a certificate of trusted-ca-file.",
    whenHit: "Without trusted-ca-file it stops the start.",
  },
  "peer-cert-file": {
    kind: { type: "text" },
    default: null,
    unit: "",
    means:
      "Certificate for peers, in PEM: members speak mutual TLS, each as client and as server. Its names must have the host of initial-advertise-peer-urls.",
    whenHit: `${UNUSABLE} Expired, it warns. ${RELOADED}`,
  },
  "peer-key-file": {
    kind: { type: "text" },
    default: null,
    unit: "",
    means: "Key of peer-cert-file, in PEM without a passphrase.",
    whenHit: `${UNUSABLE} ${RELOADED}`,
  },
  "peer-trusted-ca-file": {
    kind: { type: "text" },
    default: null,
    unit: "",
    means: "Authorities of members, in PEM; two of them while one replaces the other.",
    whenHit: `A member of another authority is hung up on. ${RELOADED}`,
  },
  "heartbeat-interval": {
    kind: { type: "integer", min: 10, max: 10_000 },
    default: 100,
    unit: "ms",
    means: "How often a leader tells its followers that it lives.",
    whenHit: `${ELECTION_RULE}; else the start stops.`,
  },
  "election-timeout": {
    kind: { type: "integer", min: 100, max: 50_000 },
    default: 1000,
    unit: "ms",
    means: "A follower that hears nothing for between half of it and all of it asks for votes.",
    whenHit: `The same on all members where reads are answered within leases (--reads lease): one counts on it, and the others wait it out. The cluster serves no writes from a leader's death until the election is over; ${ELECTION_RULE}.`,
  },
  "quota-backend-bytes": {
    kind: { type: "integer", min: MIB, max: 1024 * GIB },
    default: 8 * GIB,
    unit: "bytes",
    means: "Room of a keyspace. Where members differ, the leader's holds for all.",
    whenHit:
      "Writes are refused with `database space exceeded`; reads, deletes and compactions go on.",
  },
  "max-request-bytes": {
    kind: { type: "integer", min: 1024, max: 8 * MIB },
    default: 1.5 * MIB,
    unit: "bytes",
    means: "The largest request.",
    whenHit: "Refused with `request is too large`.",
  },
  "max-txn-ops": {
    kind: { type: "integer", min: 1, max: 10_000 },
    default: 128,
    unit: "operations",
    means: "Compares, and operations of either branch, in one transaction.",
    whenHit: "Refused with `too many operations in txn request`.",
  },
  "max-concurrent-streams": {
    kind: { type: "integer", min: 1, max: 1_000_000 },
    default: 16_384,
    unit: "streams",
    means: "Calls under way on one HTTP/2 connection.",
    whenHit: "The client waits before it opens another.",
  },
  http2: {
    kind: { type: "choice", of: ["quorate", "node"] },
    default: "quorate",
    unit: "",
    means:
      "What speaks HTTP/2 on the client port: Quorate's own, or Node's, which costs many times as much.",
    whenHit:
      "With Node's, compressed requests are refused (12), and what connections hold is bounded for each alone.",
  },
  "max-connections": {
    kind: { type: "integer", min: 1, max: 1_000_000 },
    default: 10_000,
    unit: "connections",
    means: "Connections of clients.",
    whenHit: "One more is closed as it comes.",
  },
  "request-timeout": {
    kind: { type: "integer", min: 100, max: 600_000 },
    default: 5000,
    unit: "ms",
    means: "The longest that a request waits, whatever its client allows.",
    whenHit: "`request timed out`: a write may have happened or may yet happen.",
  },
  "queue-delay-target": {
    kind: { type: "integer", min: 1, max: 60_000 },
    default: 30,
    unit: "ms",
    means:
      "How long calls may have to wait for this process, all the time, before fewer are let in.",
    whenHit:
      "Reads and writes of keys wait for a place, some of them, and the rest get `too many requests`: nothing was done.",
  },
  "watch-buffer-bytes": {
    kind: { type: "integer", min: 64 * 1024, max: GIB },
    default: 4 * MIB,
    unit: "bytes",
    means: "Events held for a watch stream whose client reads slowly.",
    whenHit:
      "Its watchers wait, and catch up from history. What all connections hold of answers that are not read is bounded by 1 GiB, an event for many counted once for each: beyond, the connection that holds the most is closed, and told so (ENHANCE_YOUR_CALM).",
  },
  "snapshot-count": {
    kind: { type: "integer", min: 100, max: 10_000_000 },
    default: 10_000,
    unit: "entries",
    means: "Entries of the log kept for followers that lag.",
    whenHit: "A follower further behind gets a snapshot.",
  },
  "log-tail-bytes": {
    kind: { type: "integer", min: MIB, max: 16 * GIB },
    default: 64 * MIB,
    unit: "bytes",
    means: "Bytes of the log kept for followers that lag.",
    whenHit: "A follower further behind gets a snapshot.",
  },
  "checkpoint-bytes": {
    kind: { type: "integer", min: MIB, max: 16 * GIB },
    default: 64 * MIB,
    unit: "bytes",
    means: "Written by a group since its last checkpoint.",
    whenHit: "The group is checkpointed again, and old journal segments may be deleted.",
  },
  "journal-segment-bytes": {
    kind: { type: "integer", min: 4 * MIB, max: GIB },
    default: 64 * MIB,
    unit: "bytes",
    means: "Size of a journal file. Two are held in reserve.",
    whenHit: "The next file is begun.",
  },
  "journal-free-bytes": {
    kind: { type: "integer", min: 0, max: 1024 * GIB },
    default: 64 * MIB,
    unit: "bytes",
    means: "Room that the journal leaves free on its disk.",
    whenHit: "The reserve is used: client writes are refused, deletes and renewals go on.",
  },
  "log-level": {
    kind: { type: "choice", of: LOG_LEVELS },
    default: "info",
    unit: "",
    means: "The least serious lines of the log on stderr.",
    whenHit: "",
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** The setting as a `Setting`, whatever literal it was declared as. */
export const settingOf = (name: SettingName): Setting => SETTINGS[name];

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);

/** `data-dir` is `QUORATE_DATA_DIR`. */
export const environmentName = (name: string): string =>
  `QUORATE_${name.replaceAll("-", "_").toUpperCase()}`;
