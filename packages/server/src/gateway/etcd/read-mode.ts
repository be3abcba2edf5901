import type { ReadLevel } from "@quorate/kernel/core";
import type { EtcdMachine } from "@quorate/kernel/etcd";
import { parseTerms } from "@quorate/kernel/replica";
import { Code, type GrpcCall, type Status, status } from "../grpc/index.ts";
import type { Exchange } from "./exchange.ts";

/** Metadata of a read, beside etcd's `serializable`: who may answer this one. */
const READS_HEADER = "quorate-reads";
/** No answer from before this revision: what a client has seen or written, it sees again, through whichever member. */
const REVISION_HEADER = "quorate-min-revision";

const LEVELS: ReadonlyMap<string, ReadLevel> = new Map([
  ["linearizable", "readIndex"],
  ["lease", "lease"],
  ["local", "local"],
]);

interface ReadMode {
  readonly level: ReadLevel;
  readonly minRevision: number;
  /** An old answer is said to be none. */
  readonly insists: boolean;
}

/**
 * Looks at the machine as the call asks for it. A member that is behind the least revision asks for the linearizable state instead, which
 * costs a message; where even that is older, for example because the keyspace's reads are local, the call is refused and may be repeated.
 */
export function readAs(
  exchange: Exchange,
  serializable: boolean,
  onMachine: (machine: EtcdMachine) => void,
): void {
  const mode = modeOf(exchange.call, serializable);
  if ("code" in mode) return exchange.fail(mode);
  if (mode.insists && isLocal(exchange)) return exchange.fail(ONLY_LOCAL);
  const { level, minRevision } = mode;
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

function modeOf(call: GrpcCall, serializable: boolean): ReadMode | Status {
  const reads = call.metadata(READS_HEADER);
  const revision = call.metadata(REVISION_HEADER) ?? "0";
  const level = reads === undefined ? (serializable ? "local" : "readIndex") : LEVELS.get(reads);
  if (level === undefined) {
    const known = [...LEVELS.keys()].join(", ");
    return invalid(`${READS_HEADER} is one of ${known}, not ${JSON.stringify(reads)}`);
  }
  if (!/^\d{1,15}$/.test(revision))
    return invalid(`${REVISION_HEADER} is a revision, not ${JSON.stringify(revision)}`);
  const insists = reads !== undefined && level !== "local";
  return { level, minRevision: Number(revision), insists };
}

function isLocal({ context, keyspace }: Exchange): boolean {
  const known = context.port.status().keyspaces.find((one) => one.keyspace === keyspace);
  return parseTerms(known?.profile ?? "")?.reads === "local";
}

const ONLY_LOCAL = status(
  Code.FailedPrecondition,
  "quorate: the reads of this keyspace are local: `keyspace set NAME --reads linearizable` changes that",
);

const invalid = (why: string): Status => status(Code.InvalidArgument, `quorate: ${why}`);

const behind = (revision: number, wanted: number): Status =>
  status(
    Code.Unavailable,
    `quorate: this member is at revision ${revision}, and ${wanted} was asked for: try again, or another member`,
  );
