import { type LogIndex, logIndex } from "../ids.ts";
import { type LogRecord, logRecords } from "../log-record.ts";

/** What must survive a crash beside the log. */
export interface HardState {
  /** The highest epoch that this replica has seen: it refuses messages of a lower one. */
  readonly epoch: number;
  /** Written lazily: a restart replays up to it before anything is served. */
  readonly commitIndex: LogIndex;
  /** What was durable here was lost: it counts nowhere before it was made whole. */
  readonly repairing: boolean;
}

export type AppointedRecord = LogRecord<HardState>;

export const { encodeHardState, encodeAppend, encodeInstalled, decodeRecord } =
  logRecords<HardState>({
    name: "replication under an appointed leader",
    bytesMax: 17,
    write: (writer, { epoch, commitIndex, repairing }) =>
      writer.uint(epoch).uint(commitIndex).u8(Number(repairing)),
    read: (reader) => ({
      epoch: reader.uint(),
      commitIndex: logIndex(reader.uint()),
      repairing: reader.u8() === 1,
    }),
  });
