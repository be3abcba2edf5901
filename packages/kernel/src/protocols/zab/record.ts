import {
  type LogIndex,
  type LogRecord,
  logIndex,
  logRecords,
  type NodeId,
  readNodeId,
} from "../../core/index.ts";
import { type Epoch, epoch } from "./message.ts";

/** Both epochs in one record, written at once: two could be torn apart by a crash. */
export interface HardState {
  /** The newest epoch that was promised: nothing of an earlier one is acknowledged any more. */
  readonly acceptedEpoch: Epoch;
  /** To whom, so that a lost promise can be said again to the same leader and to no other. */
  readonly acceptedFrom: NodeId | null;
  /** The epoch whose NEWLEADER was acknowledged last. */
  readonly currentEpoch: Epoch;
  readonly commitIndex: LogIndex;
  /** What was durable here was lost: this replica counts nowhere. */
  readonly repairing: boolean;
}

export type ZabRecord = LogRecord<HardState>;

const ACCEPTED = 1;
const REPAIRING = 2;

export const { encodeHardState, encodeAppend, encodeInstalled, decodeRecord } =
  logRecords<HardState>({
    name: "ZAB",
    bytesMax: 33,
    write(writer, { acceptedEpoch, acceptedFrom, currentEpoch, commitIndex, repairing }) {
      const flags = (acceptedFrom === null ? 0 : ACCEPTED) | (repairing ? REPAIRING : 0);
      return writer
        .u8(flags)
        .uint(acceptedEpoch)
        .u64(acceptedFrom ?? 0n)
        .uint(currentEpoch)
        .uint(commitIndex);
    },
    read(reader) {
      const flags = reader.u8();
      const acceptedEpoch = epoch(reader.uint());
      const from = readNodeId(reader);
      return {
        acceptedEpoch,
        acceptedFrom: (flags & ACCEPTED) === 0 ? null : from,
        currentEpoch: epoch(reader.uint()),
        commitIndex: logIndex(reader.uint()),
        repairing: (flags & REPAIRING) !== 0,
      };
    },
  });
