import {
  type LogIndex,
  type LogRecord,
  logIndex,
  logRecords,
  type NodeId,
  readNodeId,
} from "../../core/index.ts";
import { type Term, term } from "./message.ts";

/** Term and vote are one record, written at once: two could be torn apart by a crash (card 21, first trap). */
export interface HardState {
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly commitIndex: LogIndex;
  /** What was durable here was lost. Until the log is whole again this replica takes no part in elections. */
  readonly repairing: boolean;
  /** It has not heard a leader since, and may have voted in any term. */
  readonly blind: boolean;
}

export type RaftRecord = LogRecord<HardState>;

const VOTED = 1;
const REPAIRING = 2;
const BLIND = 4;

export const { encodeHardState, encodeAppend, encodeInstalled, decodeRecord } =
  logRecords<HardState>({
    name: "Raft",
    bytesMax: 25,
    write(writer, { term: at, votedFor, commitIndex, repairing, blind }) {
      const voted = votedFor === null ? 0 : VOTED;
      const flags = voted | (repairing ? REPAIRING : 0) | (blind ? BLIND : 0);
      return writer
        .uint(at)
        .u8(flags)
        .u64(votedFor ?? 0n)
        .uint(commitIndex);
    },
    read(reader) {
      const at = term(reader.uint());
      const flags = reader.u8();
      const id = readNodeId(reader);
      return {
        term: at,
        votedFor: (flags & VOTED) === 0 ? null : id,
        commitIndex: logIndex(reader.uint()),
        repairing: (flags & REPAIRING) !== 0,
        blind: (flags & BLIND) !== 0,
      };
    },
  });
