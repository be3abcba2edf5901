/** How often something may happen: at once so many times, and in the long run so many times a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * What one peer may make us hold and do, by name. What a peer announces and is bounded by (streams, windows, frame and
 * header sizes) it is told in SETTINGS; the rest it finds out. Hitting a rate ends the connection with
 * ENHANCE_YOUR_CALM.
 */
export interface ConnectionLimits {
  /** Streams of the peer at a time; one more is refused, which tells it that nothing was done (RFC 9113 §5.1.2). */
  readonly streamsMax: number;
  /** A larger frame ends the connection. 16,384 at least (RFC 9113 §4.2). */
  readonly frameBytesMax: number;
  /** What the peer may send on a stream, and on all together, before we have taken it. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** What the peer's compression may make us keep. */
  readonly headerTableBytes: number;
  /** A message with more fields, or more in them (RFC 9113 §6.5.2), is reset with ENHANCE_YOUR_CALM. */
  readonly headerListBytesMax: number;
  readonly headerCountMax: number;
  /** A compressed header section that is longer, or comes in more frames, ends the connection (continuation flood). */
  readonly headerBlockBytesMax: number;
  readonly continuationsMax: number;
  /** A SETTINGS frame with more entries ends the connection. */
  readonly settingsEntriesMax: number;
  /** SETTINGS frames: each wants an answer and a walk over the streams (settings flood). */
  readonly settings: Rate;
  /** PING frames: each wants an answer (ping flood). Every HEADERS or DATA frame that we send allows one more. */
  readonly pings: Rate;
  /**
   * Streams that the peer resets, or makes us reset by breaking a rule, before we are done with them (rapid reset). Every stream
   * that comes to a good end allows one more.
   */
  readonly resets: Rate;
  /**
   * Frames that move nothing: empty DATA, PRIORITY, unknown types, acknowledgements of nothing, frames of streams that are over. Every
   * stream that comes to a good end allows one more.
   */
  readonly idleFrames: Rate;
  /** WINDOW_UPDATE frames; every DATA frame that we send allows some more. */
  readonly windowUpdates: Rate;
  /** DATA frames of ours that a tiny window cut below `SMALL_FRAGMENT_BYTES` (data dribble). Every other allows one more. */
  readonly smallFragments: Rate;
  /** Frames waiting for a socket that takes nothing: above this the connection is cut. */
  readonly outputBytesMax: number;
  /** Bytes of messages that wait for the peer's windows, over all streams: above this the connection is cut. */
  readonly sendQueueBytesMax: number;
  /** Streams that are over and of which we still know how they ended. */
  readonly closedStreamsMax: number;
  /** How long the end of a finished answer may wait for the peer's window before its stream is reset (slow reader). */
  readonly slowReaderMs: number;
  /** How long our SETTINGS may stay unacknowledged. */
  readonly settingsTimeoutMs: number;
  /** How long a drain waits for the peer to have heard of it. */
  readonly drainNoticeMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  streamsMax: 16_384,
  frameBytesMax: 16_384,
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 8 * 1024 * 1024,
  headerTableBytes: 4096,
  headerListBytesMax: 16_384,
  headerCountMax: 128,
  headerBlockBytesMax: 32_768,
  continuationsMax: 16,
  settingsEntriesMax: 64,
  settings: { burst: 100, perSecond: 2 },
  pings: { burst: 1000, perSecond: 1000 },
  resets: { burst: 2000, perSecond: 500 },
  idleFrames: { burst: 2000, perSecond: 500 },
  windowUpdates: { burst: 20_000, perSecond: 2000 },
  smallFragments: { burst: 1000, perSecond: 100 },
  outputBytesMax: 4 * 1024 * 1024,
  sendQueueBytesMax: 256 * 1024 * 1024,
  closedStreamsMax: 256,
  slowReaderMs: 60_000,
  settingsTimeoutMs: 20_000,
  drainNoticeMs: 1000,
};

/** A fragment that the peer's window leaves no larger than this counts against `smallFragments`. */
export const SMALL_FRAGMENT_BYTES = 256;

/** WINDOW_UPDATE frames that the peer may send for each DATA frame of ours: one for the stream, one for all, and slack. */
export const WINDOW_UPDATES_PER_DATA = 4;

/** DATA frames put together in one turn before the socket is asked again: bounds what a turn holds and how long it takes. */
export const TURN_BYTES_MAX = 262_144;

/** Larger frames would let one stream hold up the others for longer, and gain nothing, whatever the peer allows. */
export const OWN_FRAME_BYTES_MAX = 65_536;

/** A stream that has more waiting than this tells its writer to stop. */
export const STREAM_QUEUE_BYTES_HIGH = 65_536;

/** Characters that are kept of what a peer says with its GOAWAY. */
export const GOAWAY_REASON_BYTES_MAX = 256;

/** What an open call is counted with beside its fields: its objects, down to the service behind it. */
export const STREAM_BYTES = 1024;

/** Of the body of a request that has been answered so much is passed over; then its client is told to stop. */
export const PASSED_OVER_BYTES_MAX = 65_536;

/** How long a client waits for its connection, the TLS handshake included. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** How long a connection may be silent before TCP asks whether its peer is still there. */
export const TCP_KEEPALIVE_MS = 60_000;

/** Which keepalive pings a server puts up with (gRPC's proposal A8, "server enforcement"). */
export interface KeepalivePolicy {
  /** A ping that follows the one before sooner is a strike; every HEADERS or DATA frame of the server forgives all. */
  readonly pingIntervalMsMin: number;
  /** Without a stream the interval is two hours, unless this is true. */
  readonly pingWithoutStream: boolean;
  /** One more strike than this, and the connection ends with `too_many_pings`. */
  readonly pingStrikesMax: number;
}

/** As etcd's servers have it. */
export const KEEPALIVE_POLICY: KeepalivePolicy = {
  pingIntervalMsMin: 5000,
  pingWithoutStream: false,
  pingStrikesMax: 2,
};

/** What one gRPC connection may make us hold beyond HTTP/2's own bounds. */
export interface GrpcLimits {
  /** A larger message, compressed or not, ends its call with RESOURCE_EXHAUSTED: 1.5 MiB of request and what is around it. */
  readonly messageBytesMax: number;
  /** Parts of messages that are not whole yet, over all calls of a connection; the call that exceeds it ends. */
  readonly assemblyBytesMax: number;
}

export const GRPC_LIMITS: GrpcLimits = {
  messageBytesMax: 2 * 1024 * 1024,
  assemblyBytesMax: 64 * 1024 * 1024,
};

/** What a client may be made to hold. */
export interface ClientLimits extends GrpcLimits {
  /** Calls that wait for a place on the connection; one more fails with RESOURCE_EXHAUSTED. */
  readonly waitingCallsMax: number;
}

export const CLIENT_LIMITS: ClientLimits = { ...GRPC_LIMITS, waitingCallsMax: 65_536 };

/** What a listener holds over all its connections. */
export interface ListenerLimits {
  /** One more connection is closed at once. */
  readonly connectionsMax: number;
  /** How long a connection may take to say what it speaks, the TLS handshake included. */
  readonly prefaceTimeoutMs: number;
  /** How long a socket may take nothing of what is sent to it before it is cut. */
  readonly stalledSocketMs: number;
  /** How long the peer of a connection that has ended may take to close its side. */
  readonly lingerMs: number;
  /** Bytes that a socket may hold before bodies wait. */
  readonly socketBytesHigh: number;
  /**
   * What all connections hold of answers that their peers do not take. Beyond it the one that holds the most is cut (`Pool`).
   */
  readonly sendBytesMax: number;
  /**
   * What all connections hold of requests that are not over: their fields, `STREAM_BYTES` for each, and messages that are not
   * whole. Beyond it the one that holds the most is cut: so many calls can be open at a time as have room in it, 170,000 with
   * the fields of a usual client.
   */
  readonly receiveBytesMax: number;
}

export const LISTENER_LIMITS: ListenerLimits = {
  connectionsMax: 10_000,
  prefaceTimeoutMs: 10_000,
  stalledSocketMs: 60_000,
  lingerMs: 1000,
  socketBytesHigh: 256 * 1024,
  sendBytesMax: 1024 * 1024 * 1024,
  receiveBytesMax: 256 * 1024 * 1024,
};
