import { view } from "../bytes.ts";
import { type HeaderList, requestHead, responseHead, trailersViolation } from "../fields/index.ts";
import {
  ErrorCode,
  Flag,
  type FrameReader,
  FrameType,
  uint31,
  uint32,
  WINDOW_MAX,
} from "../frames/index.ts";
import { HpackDecoder, Malformed } from "../hpack/index.ts";
import type { ConnectionLimits } from "../limits.ts";
import type { Clock } from "./budget.ts";
import type { ConnectionHandler, ResetCause } from "./handler.ts";
import { HeaderAssembly } from "./header-assembly.ts";
import type { PeerBudgets } from "./peer-budgets.ts";
import type { ReceiveWindow } from "./receive-window.ts";
import type { Sender } from "./sender.ts";
import type { Role } from "./settings.ts";
import type { Stream } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";

/** What the receiving half asks of the connection that it is a half of. */
export interface ConnectionCore<T> {
  readonly role: Role;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly handler: ConnectionHandler<T>;
  readonly streams: StreamTable<T>;
  readonly sender: Sender<T>;
  readonly budgets: PeerBudgets;
  readonly window: ReceiveWindow<T>;
  /** Ends the connection with a GOAWAY: RFC 9113 §5.4.1. */
  fail(code: number, reason: string): void;
  /** Ends a stream for a rule that the peer broke on it: RFC 9113 §5.4.2. */
  violate(stream: Stream<T>, code: number): void;
  /** Answers a stream that has no object with RST_STREAM. */
  refuse(id: number, code: number): void;
  /** A request of the peer on a stream not seen before; null where it has been refused. */
  accept(id: number, fields: HeaderList): Stream<T> | null;
  /** Closes a stream both of whose sides have ended. */
  settle(stream: Stream<T>): void;
  onPeerReset(stream: Stream<T>, code: number, cause: ResetCause): void;
  onSettings(bytes: Uint8Array, from: number, to: number): void;
  onSettingsAcknowledged(): boolean;
  onPing(payload: Uint8Array): void;
  onPong(payload: Uint8Array): void;
  onGoAway(lastId: number, code: number, debug: Uint8Array): void;
}

const HEADERS_PRIORITY_BYTES = 5;

/** The receiving half of a connection: what each frame means in the state in which it comes (RFC 9113 §5, §6). */
export class Receiver<T> {
  readonly decoder: HpackDecoder;
  readonly #core: ConnectionCore<T>;
  readonly #reader: FrameReader;
  readonly #assembly: HeaderAssembly;
  #settingsSeen = false;

  constructor(core: ConnectionCore<T>, reader: FrameReader) {
    const { limits } = core;
    this.decoder = new HpackDecoder(limits);
    this.#core = core;
    this.#reader = reader;
    this.#assembly = new HeaderAssembly(limits);
  }

  /** The frame that the reader has just cut. */
  onFrame(): void {
    const { type, streamId } = this.#reader;
    if (this.#assembly.streamId !== 0) {
      if (type === FrameType.Continuation && streamId === this.#assembly.streamId) {
        this.#onContinuation();
      } else this.#protocolError("a frame between those of a header section");
      return;
    }
    if (!this.#settingsSeen && type !== FrameType.Settings) {
      this.#protocolError("the first frame is not SETTINGS");
      return;
    }
    switch (type) {
      case FrameType.Data:
        return this.#onData();
      case FrameType.Headers:
        return this.#onHeaders();
      case FrameType.Priority:
        return this.#onPriority();
      case FrameType.ResetStream:
        return this.#onResetStream();
      case FrameType.Settings:
        return this.#onSettings();
      case FrameType.PushPromise:
        return this.#protocolError("PUSH_PROMISE, and pushes are not enabled");
      case FrameType.Ping:
        return this.#onPing();
      case FrameType.GoAway:
        return this.#onGoAway();
      case FrameType.WindowUpdate:
        return this.#onWindowUpdate();
      case FrameType.Continuation:
        return this.#protocolError("CONTINUATION of nothing");
      default:
        this.#core.budgets.idle();
    }
  }

  // DATA (RFC 9113 §6.1)

  #onData(): void {
    const core = this.#core;
    const { bytes, streamId, flags, from, to } = this.#reader;
    const body = this.#unpadded();
    if (body < 0) return;
    const length = to - from;
    if (streamId === 0) return this.#protocolError("DATA on stream 0");
    if (!core.window.admit(length)) {
      return core.fail(ErrorCode.FlowControlError, "DATA beyond the connection's window");
    }
    const stream = core.streams.find(streamId);
    if (stream === undefined) {
      core.window.giveBack(length);
      if (this.#isLate("DATA")) this.#core.budgets.idle();
      return;
    }
    const endStream = (flags & Flag.EndStream) !== 0;
    if (stream.remoteClosed || !stream.headReceived) {
      core.window.giveBack(length);
      const code = stream.remoteClosed ? ErrorCode.StreamClosed : ErrorCode.ProtocolError;
      return core.violate(stream, code);
    }
    stream.receiveWindow -= length;
    stream.held += length;
    if (stream.receiveWindow < 0) return core.violate(stream, ErrorCode.FlowControlError);
    const dataFrom = from + (flags & Flag.Padded ? 1 : 0);
    stream.bodyReceived += body;
    if (!this.#lengthHolds(stream, endStream)) return;
    const padding = length - body;
    if (padding > 0) this.#giveBackPadding(stream, padding);
    if (body === 0 && !endStream && !core.budgets.idle()) return;
    if (endStream) stream.remoteClosed = true;
    core.handler.onData(stream, bytes, dataFrom, dataFrom + body, endStream);
    if (endStream) core.settle(stream);
  }

  /** The peer pays for padding with its window, and nobody will consume it (RFC 9113 §6.9.1). */
  #giveBackPadding(stream: Stream<T>, bytes: number): void {
    stream.held -= bytes;
    stream.unreturned += bytes;
    this.#core.window.giveBack(bytes);
  }

  /** A body must be as long as its content-length says (RFC 9113 §8.1.1). */
  #lengthHolds(stream: Stream<T>, endStream: boolean): boolean {
    const { bodyExpected, bodyReceived } = stream;
    if (bodyExpected < 0) return true;
    if (bodyReceived <= bodyExpected && (!endStream || bodyReceived === bodyExpected)) return true;
    this.#core.violate(stream, ErrorCode.ProtocolError);
    return false;
  }

  /** The length of a payload without its padding; -1 where the padding is no padding, and the connection has ended. */
  #unpadded(): number {
    const { bytes, flags, from, to } = this.#reader;
    if ((flags & Flag.Padded) === 0) return to - from;
    const length = to - from - 1 - ((bytes[from] as number | undefined) ?? 0);
    if (to > from && length >= 0) return length;
    if (to === from) this.#core.fail(ErrorCode.FrameSizeError, "no room for the padding's length");
    else this.#protocolError("more padding than payload");
    return -1;
  }

  /**
   * A frame for a stream that is not open: false ends the connection. After our reset the peer's frames were on
   * their way, after its own reset or end they must not come (RFC 9113 §5.1).
   */
  #isLate(what: string): boolean {
    const { streamId } = this.#reader;
    const { streams } = this.#core;
    if (streams.isIdle(streamId)) {
      this.#protocolError(`${what} on an idle stream`);
      return false;
    }
    const ending = streams.endingOf(streamId);
    if (ending === "ResetByUs" || ending === "Forgotten") return true;
    if (ending === "NeverOpened") this.#protocolError(`${what} on a stream that was passed over`);
    else this.#core.fail(ErrorCode.StreamClosed, `${what} on a closed stream`);
    return false;
  }

  // HEADERS, CONTINUATION (RFC 9113 §6.2, §6.10)

  #onHeaders(): void {
    const { bytes, flags, streamId, from } = this.#reader;
    const body = this.#unpadded();
    if (body < 0) return;
    if (streamId === 0) return this.#protocolError("HEADERS on stream 0");
    let at = from + (flags & Flag.Padded ? 1 : 0);
    const end = at + body;
    if ((flags & Flag.Priority) !== 0) {
      if (body < HEADERS_PRIORITY_BYTES) {
        return this.#core.fail(ErrorCode.FrameSizeError, "no room for the priority");
      }
      if (uint31(bytes, at) === streamId) return this.#protocolError("a stream depends on itself");
      at += HEADERS_PRIORITY_BYTES;
    }
    const endStream = (flags & Flag.EndStream) !== 0;
    if ((flags & Flag.EndHeaders) !== 0) return this.#onBlock(streamId, bytes, at, end, endStream);
    this.#assembly.open(streamId, endStream);
    this.#assemble(at, end);
  }

  #onContinuation(): void {
    const { flags, from, to } = this.#reader;
    if (!this.#assemble(from, to) || (flags & Flag.EndHeaders) === 0) return;
    const { streamId, endStream, block } = this.#assembly;
    this.#assembly.close();
    this.#onBlock(streamId, block, 0, block.length, endStream);
  }

  #assemble(from: number, to: number): boolean {
    if (this.#assembly.add(this.#reader.bytes, from, to)) return true;
    this.#core.fail(ErrorCode.EnhanceYourCalm, "a header section in too many bytes or frames");
    return false;
  }

  /** Every block is decoded, whatever becomes of its stream, or the tables would fall out of step (RFC 9113 §4.3). */
  #onBlock(id: number, bytes: Uint8Array, from: number, to: number, endStream: boolean): void {
    const core = this.#core;
    const list = this.decoder.decode(bytes, from, to);
    if (list instanceof Malformed) return core.fail(ErrorCode.CompressionError, list.message);
    const stream = core.streams.find(id);
    if (stream !== undefined) return this.#onSection(stream, list, endStream);
    if (core.role === "server" && id % 2 === 1 && id > core.streams.lastId) {
      return this.#onRequest(id, list, endStream);
    }
    if (this.#isLate("HEADERS")) this.#core.budgets.idle();
  }

  #onRequest(id: number, list: HeaderList, endStream: boolean): void {
    const core = this.#core;
    const stream = core.accept(id, list);
    if (stream === null) return;
    if (list.isTruncated) return core.violate(stream, ErrorCode.EnhanceYourCalm);
    const head = requestHead(list);
    if (head.type === "Violation") return core.violate(stream, ErrorCode.ProtocolError);
    this.#onHead(stream, list, head.contentLength, endStream);
  }

  /** Fields on a stream that has some already, or awaits its first. */
  #onSection(stream: Stream<T>, list: HeaderList, endStream: boolean): void {
    const core = this.#core;
    if (stream.remoteClosed) return core.violate(stream, ErrorCode.StreamClosed);
    if (list.isTruncated) return core.violate(stream, ErrorCode.EnhanceYourCalm);
    if (!stream.headReceived) return this.#onResponse(stream, list, endStream);
    if (!endStream || trailersViolation(list) !== null) {
      return core.violate(stream, ErrorCode.ProtocolError);
    }
    if (!this.#lengthHolds(stream, true)) return;
    stream.remoteClosed = true;
    core.handler.onTrailers(stream, list);
    core.settle(stream);
  }

  #onResponse(stream: Stream<T>, list: HeaderList, endStream: boolean): void {
    const core = this.#core;
    const head = responseHead(list);
    if (head.type === "Violation") return core.violate(stream, ErrorCode.ProtocolError);
    if (head.status >= 200) return this.#onHead(stream, list, head.contentLength, endStream);
    // An interim response says nothing that gRPC could use, and cannot end the message (RFC 9113 §8.1).
    if (endStream) core.violate(stream, ErrorCode.ProtocolError);
    else this.#core.budgets.idle();
  }

  #onHead(stream: Stream<T>, list: HeaderList, length: number, endStream: boolean): void {
    stream.headReceived = true;
    stream.bodyExpected = length;
    if (endStream) {
      if (!this.#lengthHolds(stream, true)) return;
      stream.remoteClosed = true;
    }
    this.#core.handler.onHead(stream, list, endStream);
    if (endStream) this.#core.settle(stream);
  }

  // The others (RFC 9113 §6.3 to §6.9)

  /** Deprecated, and without effect: only its form is checked. */
  #onPriority(): void {
    const { bytes, streamId, from, to } = this.#reader;
    if (streamId === 0) return this.#protocolError("PRIORITY on stream 0");
    if (to - from !== 5) {
      return this.#core.fail(ErrorCode.FrameSizeError, "a PRIORITY that is not 5 bytes");
    }
    if (uint31(bytes, from) === streamId) return this.#protocolError("a stream depends on itself");
    this.#core.budgets.idle();
  }

  #onResetStream(): void {
    const core = this.#core;
    const { bytes, streamId, from, to } = this.#reader;
    if (streamId === 0) return this.#protocolError("RST_STREAM on stream 0");
    if (to - from !== 4) {
      return core.fail(ErrorCode.FrameSizeError, "an RST_STREAM that is not 4 bytes");
    }
    const stream = core.streams.find(streamId);
    if (stream === undefined) {
      if (core.streams.isIdle(streamId)) this.#protocolError("RST_STREAM on an idle stream");
      else this.#core.budgets.idle();
      return;
    }
    if (core.role === "server" && !stream.localClosed && !core.budgets.reset()) return;
    const code = uint32(bytes, from);
    const refused = core.role === "client" && code === ErrorCode.RefusedStream;
    core.onPeerReset(stream, code, refused ? "Unprocessed" : "Peer");
  }

  #onSettings(): void {
    const core = this.#core;
    const { bytes, streamId, flags, from, to } = this.#reader;
    const length = to - from;
    if (streamId !== 0) return this.#protocolError("SETTINGS on a stream");
    if ((flags & Flag.Acknowledge) !== 0) {
      if (length > 0) return core.fail(ErrorCode.FrameSizeError, "a SETTINGS ACK with a payload");
      if (!this.#settingsSeen) return this.#protocolError("the first frame is not SETTINGS");
      if (!core.onSettingsAcknowledged()) this.#core.budgets.idle();
      return;
    }
    if (length % 6 !== 0) return core.fail(ErrorCode.FrameSizeError, "SETTINGS cut off");
    if (!core.budgets.settings(length / 6, core.limits.settingsEntriesMax)) return;
    this.#settingsSeen = true;
    core.onSettings(bytes, from, to);
  }

  #onPing(): void {
    const core = this.#core;
    const { bytes, streamId, flags, from, to } = this.#reader;
    if (streamId !== 0) return this.#protocolError("PING on a stream");
    if (to - from !== 8) return core.fail(ErrorCode.FrameSizeError, "a PING that is not 8 bytes");
    const payload = view(bytes, from, to);
    if ((flags & Flag.Acknowledge) === 0) core.onPing(payload);
    else core.onPong(payload);
  }

  #onGoAway(): void {
    const core = this.#core;
    const { bytes, streamId, from, to } = this.#reader;
    if (streamId !== 0) return this.#protocolError("GOAWAY on a stream");
    if (to - from < 8) return core.fail(ErrorCode.FrameSizeError, "a GOAWAY that is cut off");
    core.onGoAway(uint31(bytes, from), uint32(bytes, from + 4), view(bytes, from + 8, to));
  }

  #onWindowUpdate(): void {
    const core = this.#core;
    const { bytes, streamId, from, to } = this.#reader;
    if (to - from !== 4) {
      return core.fail(ErrorCode.FrameSizeError, "a WINDOW_UPDATE that is not 4 bytes");
    }
    if (!core.sender.windowUpdates.spend()) {
      return core.fail(ErrorCode.EnhanceYourCalm, "too many WINDOW_UPDATEs");
    }
    const increment = uint31(bytes, from);
    if (streamId === 0) return this.#widenConnection(increment);
    const stream = core.streams.find(streamId);
    if (stream === undefined) {
      if (core.streams.isIdle(streamId)) this.#protocolError("WINDOW_UPDATE on an idle stream");
      return;
    }
    if (increment === 0) return core.violate(stream, ErrorCode.ProtocolError);
    stream.sendWindow += increment;
    if (stream.sendWindow > WINDOW_MAX) return core.violate(stream, ErrorCode.FlowControlError);
    core.sender.widened(stream);
    core.sender.pump();
  }

  #widenConnection(increment: number): void {
    const { sender } = this.#core;
    if (increment === 0) return this.#protocolError("a WINDOW_UPDATE of nothing");
    sender.window += increment;
    if (sender.window > WINDOW_MAX) {
      this.#core.fail(ErrorCode.FlowControlError, "a window beyond its bound");
    } else sender.pump();
  }

  #protocolError(reason: string): void {
    this.#core.fail(ErrorCode.ProtocolError, reason);
  }
}
