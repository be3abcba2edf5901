import {
  ErrorCode,
  FRAME_BYTES_INITIAL,
  FRAME_BYTES_MAX,
  SettingId,
  uint32,
  WINDOW_INITIAL,
  WINDOW_MAX,
} from "../frames/index.ts";
import { TABLE_BYTES_INITIAL } from "../hpack/index.ts";
import type { ConnectionLimits } from "../limits.ts";

export type Role = "server" | "client";

/** What the peer has said of itself, or has not and thereby left as it is at first. */
export interface PeerSettings {
  headerTableBytes: number;
  streamsMax: number;
  windowBytes: number;
  frameBytesMax: number;
}

export const peerSettingsInitial = (): PeerSettings => ({
  headerTableBytes: TABLE_BYTES_INITIAL,
  streamsMax: Number.POSITIVE_INFINITY,
  windowBytes: WINDOW_INITIAL,
  frameBytesMax: FRAME_BYTES_INITIAL,
});

/** Applies a frame's entries in order, or says with which error code the connection must end (RFC 9113 §6.5.2). */
export function applySettings(
  to: PeerSettings,
  bytes: Uint8Array,
  from: number,
  end: number,
  peer: Role,
): number {
  for (let at = from; at < end; at += 6) {
    const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const wrong = applySetting(to, id, uint32(bytes, at + 2), peer);
    if (wrong !== ErrorCode.NoError) return wrong;
  }
  return ErrorCode.NoError;
}

function applySetting(to: PeerSettings, id: number, value: number, peer: Role): number {
  switch (id) {
    case SettingId.HeaderTableSize:
      to.headerTableBytes = value;
      return ErrorCode.NoError;
    case SettingId.EnablePush:
      if (value > 1 || (peer === "server" && value === 1)) return ErrorCode.ProtocolError;
      return ErrorCode.NoError;
    case SettingId.MaxConcurrentStreams:
      to.streamsMax = value;
      return ErrorCode.NoError;
    case SettingId.InitialWindowSize:
      if (value > WINDOW_MAX) return ErrorCode.FlowControlError;
      to.windowBytes = value;
      return ErrorCode.NoError;
    case SettingId.MaxFrameSize:
      if (value < FRAME_BYTES_INITIAL || value > FRAME_BYTES_MAX) return ErrorCode.ProtocolError;
      to.frameBytesMax = value;
      return ErrorCode.NoError;
    default:
      // Unknown ones are ignored; a peer's MAX_HEADER_LIST_SIZE is advice that it can enforce itself.
      return ErrorCode.NoError;
  }
}

/** What we say of ourselves. A server takes no pushes anyway and says nothing of them. */
export function ownSettings(
  role: Role,
  limits: ConnectionLimits,
): readonly (readonly [id: number, value: number])[] {
  const entries: (readonly [number, number])[] = [
    [SettingId.HeaderTableSize, limits.headerTableBytes],
    [SettingId.InitialWindowSize, limits.streamWindowBytes],
    [SettingId.MaxFrameSize, limits.frameBytesMax],
    [SettingId.MaxHeaderListSize, limits.headerListBytesMax],
  ];
  if (role === "client") entries.push([SettingId.EnablePush, 0]);
  else entries.push([SettingId.MaxConcurrentStreams, limits.streamsMax]);
  return entries;
}
