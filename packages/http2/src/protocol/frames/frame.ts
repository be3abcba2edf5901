/** RFC 9113 §4.1. */
export const FRAME_HEADER_BYTES = 9;

/** RFC 9113 §6. */
export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  ResetStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;

export const Flag = {
  EndStream: 0x1,
  Acknowledge: 0x1,
  EndHeaders: 0x4,
  Padded: 0x8,
  Priority: 0x20,
} as const;

/** RFC 9113 §7. */
export const ErrorCode = {
  NoError: 0,
  ProtocolError: 1,
  InternalError: 2,
  FlowControlError: 3,
  SettingsTimeout: 4,
  StreamClosed: 5,
  FrameSizeError: 6,
  RefusedStream: 7,
  Cancel: 8,
  CompressionError: 9,
  ConnectError: 10,
  EnhanceYourCalm: 11,
  InadequateSecurity: 12,
  Http11Required: 13,
} as const;

const ERROR_NAMES: readonly string[] = `
  NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT
  STREAM_CLOSED FRAME_SIZE_ERROR REFUSED_STREAM CANCEL COMPRESSION_ERROR
  CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED`
  .trim()
  .split(/\s+/);

export const errorName = (code: number): string => ERROR_NAMES[code] ?? `error ${code}`;

/** RFC 9113 §6.5.2. */
export const SettingId = {
  HeaderTableSize: 1,
  EnablePush: 2,
  MaxConcurrentStreams: 3,
  InitialWindowSize: 4,
  MaxFrameSize: 5,
  MaxHeaderListSize: 6,
} as const;

/** What holds until a SETTINGS frame says otherwise (RFC 9113 §6.5.2, §6.9.2). */
export const WINDOW_INITIAL = 65_535;
export const WINDOW_MAX = 0x7fff_ffff;
export const FRAME_BYTES_INITIAL = 16_384;
export const FRAME_BYTES_MAX = 16_777_215;
export const STREAM_ID_MAX = 0x7fff_ffff;

/** How a client begins (RFC 9113 §3.4): `PRI * HTTP/2.0`, two line ends, `SM`, two line ends. */
export const PREFACE: Uint8Array = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (c) =>
  c.charCodeAt(0),
);
