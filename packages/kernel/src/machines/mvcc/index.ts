export { HistoryHash } from "./history-hash.ts";
export { type Key, type KeyRange, keyOf, keyRange } from "./key.ts";
export { KeyValue, type KeyValueFields, keyBytesOf, readKeyValue } from "./key-value.ts";
export { type RangeOptions, RangeScan } from "./range-scan.ts";
export { MvccStore } from "./store.ts";
export type { Version } from "./versions.ts";
export { Watchers } from "./watchers.ts";
export { WireReader, WireWriter } from "./wire.ts";
