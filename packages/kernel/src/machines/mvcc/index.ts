export { HistoryHash } from "./history-hash.ts";
export { isInRange, type Key, type KeyRange, keyOf, keyRange } from "./key.ts";
export {
  KeyValue,
  type KeyValueFields,
  keyBytesOf,
  keyOfVersion,
  modRevisionOf,
  readKeyValue,
} from "./key-value.ts";
export { type RangeOptions, RangeScan, type SortTarget } from "./range-scan.ts";
export { MvccStore, type Put } from "./store.ts";
export { VERSION_OVERHEAD_BYTES, type Version, type VersionSeq } from "./versions.ts";
export type { WatchSpec } from "./watch-index.ts";
export { Watchers } from "./watchers.ts";
export { WireReader, WireWriter } from "./wire.ts";
