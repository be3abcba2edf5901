export {
  ErrorCode,
  errorName,
  Flag,
  FRAME_BYTES_INITIAL,
  FRAME_BYTES_MAX,
  FrameType,
  PREFACE,
  SettingId,
  STREAM_ID_MAX,
  WINDOW_INITIAL,
  WINDOW_MAX,
} from "./frame.ts";
export { type Cut, FrameReader, uint31, uint32 } from "./frame-reader.ts";
export { FrameWriter } from "./frame-writer.ts";
