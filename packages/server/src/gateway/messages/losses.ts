import { bool, message, nested, repeated, string, uint64 } from "../protobuf/index.ts";

export const LostFileMessage = message("quorate.LostFile", {
  /** Below the member's data directory. */
  file: string(1),
  epoch: uint64(2),
  /** Places in the log that it was undone from, the first and the last. */
  from: uint64(3),
  to: uint64(4),
  bytes: uint64(5),
});
export const KeyspaceLostRequest = message("quorate.KeyspaceLostRequest", { name: string(1) });
export const KeyspaceLostResponse = message("quorate.KeyspaceLostResponse", {
  /** Who was asked: each member has its own files. */
  member: uint64(1),
  files: repeated(nested(2, () => LostFileMessage)),
});

export const LossesWatchRequest = message("quorate.LossesWatchRequest", {});
export const LossesWatchResponse = message("quorate.LossesWatchResponse", {
  /** The first answer: what is undone from now on is told. */
  created: bool(1),
  /** Writes that were undone, as `quorate-request` named them. */
  requests: repeated(string(2)),
});
