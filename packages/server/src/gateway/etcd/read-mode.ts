import { type NodeId, type ReadLevel, utf8 } from "@quorate/kernel/core";
import type { EtcdMachine } from "@quorate/kernel/etcd";
import { parseTerms, pinnedTo } from "@quorate/kernel/replica";
import { Code, type GrpcCall, type Status, status } from "../grpc/index.ts";
import type { Exchange } from "./exchange.ts";
import type { Unlinearizable } from "./keyspace-admin.ts";

/** Metadata of a read, beside etcd's `serializable`: who may answer this one (C4). */
const READS_HEADER = "quorate-reads";
/** No answer from before this revision: what a client has seen or written, it sees again, through whichever member. */
const REVISION_HEADER = "quorate-min-revision";
/** Whose reads are pinned to one member. */
const SESSION_HEADER = "quorate-session";
const SESSION_BYTES_MAX = 256;

const MODES = ["linearizable", "primary", "lease", "local", "in-step", "pinned"] as const;
type Mode = (typeof MODES)[number];

const LEVELS: Readonly<Record<Mode, ReadLevel>> = {
  linearizable: "readIndex",
  // What whoever orders the writes has, for what it is worth in this keyspace.
  primary: "readIndex",
  lease: "lease",
  local: "local",
  "in-step": "local",
  pinned: "local",
};

interface Asked {
  /** Null: as the keyspace has it. */
  readonly mode: Mode | null;
  readonly level: ReadLevel;
  readonly minRevision: number;
}

/**
 * Looks at the machine as the call asks for it. A member that is behind the least revision asks for the linearizable state instead, which
 * costs a message; where even that is older, for example because the keyspace's reads are local, the call is refused and may be repeated.
 * What the keyspace, or this member, cannot keep is refused for certain and not weakened (card 63).
 */
export function readAs(
  exchange: Exchange,
  serializable: boolean,
  onMachine: (machine: EtcdMachine) => void,
): void {
  const asked = askedOf(exchange.call, serializable);
  if ("code" in asked) return exchange.fail(asked);
  const refusal = asked.mode === null ? null : refusalOf(exchange, asked.mode);
  if (refusal !== null) return exchange.fail(refusal);
  const { level, minRevision } = asked;
  exchange.read(level, (machine) => {
    if (machine.revision >= minRevision) onMachine(machine);
    else if (level === "readIndex") exchange.fail(behind(machine.revision, minRevision));
    else
      exchange.read("readIndex", (confirmed) => {
        if (confirmed.revision >= minRevision) onMachine(confirmed);
        else exchange.fail(behind(confirmed.revision, minRevision));
      });
  });
}

function askedOf(call: GrpcCall, serializable: boolean): Asked | Status {
  const reads = call.metadata(READS_HEADER);
  const revision = call.metadata(REVISION_HEADER) ?? "0";
  const mode = MODES.find((one) => one === reads);
  if (reads !== undefined && mode === undefined)
    return invalid(`${READS_HEADER} is one of ${MODES.join(", ")}, not ${JSON.stringify(reads)}`);
  if (!/^\d{1,15}$/.test(revision))
    return invalid(`${REVISION_HEADER} is a revision, not ${JSON.stringify(revision)}`);
  const level = mode === undefined ? (serializable ? "local" : "readIndex") : LEVELS[mode];
  return { mode: mode ?? null, level, minRevision: Number(revision) };
}

function refusalOf(exchange: Exchange, mode: Mode): Status | null {
  const { context, keyspace } = exchange;
  if (mode === "local") return null;
  const why = mode === "linearizable" ? context.keyspaces.unlinearizable(keyspace) : null;
  if (why !== null) return UNLINEARIZABLE[why];
  if (mode === "in-step") return notInStep(exchange);
  if (mode === "pinned") return elsewhere(exchange);
  return isLocal(exchange) ? ONLY_LOCAL : null;
}

/** Only a member that holds all that was acknowledged, by the word of group 0 (card 2, in-sync set). */
function notInStep({ context, keyspace }: Exchange): Status | null {
  const { port } = context;
  const inStep = port.groupOf(keyspace)?.inStep ?? null;
  if (inStep === null) return NOBODY_SAYS;
  if (inStep.includes(port.status().identity.node)) return null;
  return unavailable(
    `this member is not in step: ask ${namesOf(inStep, port.status()).join(", ")}`,
  );
}

/** One member answers a session's local reads, so that its time does not go back while that member stays; another says who that is. */
function elsewhere({ call, context, keyspace }: Exchange): Status | null {
  const session = call.metadata(SESSION_HEADER) ?? "";
  const { length } = utf8(session);
  if (length === 0 || length > SESSION_BYTES_MAX)
    return invalid(
      `a pinned read names its session by ${SESSION_HEADER}, of 1 to ${SESSION_BYTES_MAX} bytes`,
    );
  const { port } = context;
  const group = port.groupOf(keyspace);
  const pinned = pinnedTo(session, group?.inStep ?? group?.config.voters ?? []);
  const status = port.status();
  if (pinned === null || pinned === status.identity.node) return null;
  return unavailable(
    `the reads of this session are pinned to ${namesOf([pinned], status).join()}: ask there`,
  );
}

type Members = ReturnType<Exchange["context"]["port"]["status"]>;

/** With the address of each, where it is known. */
const namesOf = (nodes: readonly NodeId[], { members }: Members): readonly string[] =>
  nodes.map((node) => {
    const member = members.find((one) => one.node === node);
    const [address] = member?.clientAddresses ?? [];
    const name = member === undefined || member.name === "" ? String(node) : member.name;
    return address === undefined ? name : `${name} (${address})`;
  });

function isLocal({ context, keyspace }: Exchange): boolean {
  const known = context.port.status().keyspaces.find((one) => one.keyspace === keyspace);
  return parseTerms(known?.profile ?? "")?.reads === "local";
}

const ONLY_LOCAL = status(
  Code.FailedPrecondition,
  "quorate: the reads of this keyspace are local: `keyspace set NAME --reads linearizable` changes that",
);

const UNLINEARIZABLE: Readonly<Record<Unlinearizable, Status>> = {
  lossy: status(
    Code.FailedPrecondition,
    "quorate: acknowledged writes of this keyspace may be lost with its primary, so that no read of it is linearizable: ask for primary, in-step, pinned or local",
  ),
  unconfirmed: status(
    Code.FailedPrecondition,
    "quorate: the leader of this keyspace asks nobody whether it still leads, as ZooKeeper's does not, so that no read of it is linearizable: ask for primary, pinned or local, or write before you read",
  ),
};

const NOBODY_SAYS = status(
  Code.FailedPrecondition,
  "quorate: this keyspace's protocol elects its leader, who alone knows who is in step: ask for linearizable, pinned or local",
);

const unavailable = (why: string): Status => status(Code.Unavailable, `quorate: ${why}`);

const invalid = (why: string): Status => status(Code.InvalidArgument, `quorate: ${why}`);

const behind = (revision: number, wanted: number): Status =>
  unavailable(
    `this member is at revision ${revision}, and ${wanted} was asked for: try again, or another member`,
  );
