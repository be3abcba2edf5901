export { below, codeOf, type Files, nodeFiles, type OpenFile } from "./files.ts";
export type { JournalListener, JournalOptions } from "./journal.ts";
export { FREE_BYTES_MIN, Journal, SEGMENT_BYTES } from "./journal.ts";
export {
  type Damage,
  describeDamage,
  JournalUnusable,
  type RecoveredJournal,
  recoverJournal,
} from "./recover.ts";
export { DiskFull } from "./tail.ts";
