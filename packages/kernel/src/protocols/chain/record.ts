import { type LogIndex, type LogRecord, logIndex, logRecords } from "../../core/index.ts";

/** What must survive a crash beside the log. */
export interface HardState {
  /** The highest epoch that this replica has seen: it refuses commands of a lower one. */
  readonly epoch: number;
  /** Written lazily: a restart replays up to it before anything is served. */
  readonly commitIndex: LogIndex;
  /** What was durable here was lost: it is whole again when it has left the chain and joined anew. */
  readonly repairing: boolean;
}

export type ChainRecord = LogRecord<HardState>;

export const { encodeHardState, encodeAppend, encodeInstalled, decodeRecord } =
  logRecords<HardState>({
    name: "chain replication",
    bytesMax: 17,
    write: (writer, { epoch, commitIndex, repairing }) =>
      writer.uint(epoch).uint(commitIndex).u8(Number(repairing)),
    read: (reader) => ({
      epoch: reader.uint(),
      commitIndex: logIndex(reader.uint()),
      repairing: reader.u8() === 1,
    }),
  });
