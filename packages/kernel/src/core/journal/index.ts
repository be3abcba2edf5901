export { groupOfGap, groupsOfLost, type LostRecords } from "./damage.ts";
export { type Inspection, inspectSegment } from "./inspect.ts";
export {
  MARK_GROUP,
  RECORD_BYTES_MAX,
  RECORD_HEAD_BYTES,
  type RecordHead,
  readRecord,
  type SegmentRecord,
  sealRecord,
  writeRecordHead,
} from "./record.ts";
export {
  type FoundCheckpoints,
  type FoundJournal,
  type Losses,
  type LostEnd,
  lossesOf,
} from "./recovery.ts";
export { type Gap, type Scanned, scanSegment } from "./scan.ts";
export {
  decodeSegmentHeader,
  encodeSegmentHeader,
  JOURNAL_FORMAT,
  recordSeed,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
} from "./segment.ts";
