import { type Bytes, EMPTY, latin1, latin1Bytes } from "../bytes.ts";
import type { HeaderField, HeaderList } from "../fields/index.ts";
import {
  ErrorCode,
  errorName,
  FrameReader,
  FrameWriter,
  PREFACE,
  STREAM_ID_MAX,
  WINDOW_MAX,
} from "../frames/index.ts";
import {
  CONNECTION_LIMITS,
  type ConnectionLimits,
  GOAWAY_REASON_BYTES_MAX,
  KEEPALIVE_POLICY,
  OWN_FRAME_BYTES_MAX,
} from "../limits.ts";
import type { Clock } from "./budget.ts";
import type { ConnectionEnd, ConnectionHandler, ResetCause } from "./handler.ts";
import { OpenRequests } from "./open-requests.ts";
import type { ConnectionOptions } from "./options.ts";
import { PeerBudgets } from "./peer-budgets.ts";
import { PingPolicy } from "./ping-policy.ts";
import { Pings } from "./pings.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { type ConnectionCore, Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";
import { applySettings, ownSettings, peerSettingsInitial, type Role } from "./settings.ts";
import type { Stream } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

/**
 * - `Open`: streams come and go.
 * - `Noticing`: a server has announced that it will take no more streams, and still takes those on their way (RFC 9113 §6.8).
 * - `Draining`: those that there are come to their end, no others begin.
 * - `Closed`: nothing more is read; what `take` still gives is to be sent, and then the transport to be closed.
 */
export type Phase = "Open" | "Noticing" | "Draining" | "Closed";

/** The payload of the ping whose answer shows that the peer has read the announcement before it. */
const DRAIN_PING = latin1Bytes("drain-01");

/** The state behind a `Connection`, as its two halves see it: streams, windows, settings, and how it ends. */
export class Core<T> implements ConnectionCore<T> {
  readonly role: Role;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly handler: ConnectionHandler<T>;
  readonly streams: StreamTable<T>;
  readonly sender: Sender<T>;
  readonly budgets: PeerBudgets;
  readonly window: ReceiveWindow<T>;
  readonly requests: OpenRequests<T> | null;
  phase: Phase = "Open";
  readonly #peer = peerSettingsInitial();
  readonly #reader: FrameReader;
  readonly #writer = new FrameWriter();
  readonly #receiver: Receiver<T>;
  readonly #pings: Pings;
  /** Bytes of the client's preface that a server still waits for. */
  #prefaceLeft: number;
  #settingsSentAt: number | null;
  #noticedAt = 0;
  /** No stream beyond this is taken any more. */
  #lastTaken = STREAM_ID_MAX;
  #outputTold = false;
  /** What a server gave as its reason to go. */
  #goneAway: ConnectionEnd | null = null;

  constructor(role: Role, handler: ConnectionHandler<T>, options: ConnectionOptions) {
    const limits = options.limits ?? CONNECTION_LIMITS;
    const keepalive = options.keepalive === undefined ? KEEPALIVE_POLICY : options.keepalive;
    this.role = role;
    this.limits = limits;
    this.clock = { now: options.now ?? 0 };
    this.handler = handler;
    this.streams = new StreamTable(role, limits.closedStreamsMax);
    this.#reader = new FrameReader(limits.frameBytesMax);
    const events = {
      ended: (stream: Stream<T>) => this.settle(stream),
      drained: (stream: Stream<T>) => this.handler.onDrain(stream),
      overloaded: (reason: string) => this.fail(ErrorCode.EnhanceYourCalm, reason),
    };
    const { frameBytesMax } = this.#peer;
    const pool = options.sendPool ?? null;
    this.sender = new Sender(this.#writer, frameBytesMax, limits, this.clock, events, pool);
    const fail = (code: number, reason: string) => this.fail(code, reason);
    this.budgets = new PeerBudgets(limits, this.clock, fail);
    const policy = role === "server" && keepalive !== null ? new PingPolicy(keepalive) : null;
    this.#pings = new Pings(this.#writer, this.budgets, policy, fail);
    this.window = new ReceiveWindow(this, this.#writer, limits);
    const heldTooMuch = () => this.fail(ErrorCode.EnhanceYourCalm, TOO_MUCH_OVER_ALL);
    this.requests =
      role === "server" && options.receivePool !== undefined
        ? new OpenRequests(options.receivePool, heldTooMuch)
        : null;
    this.#receiver = new Receiver(this, this.#reader);
    this.#prefaceLeft = role === "server" ? PREFACE.length : 0;
    this.#settingsSentAt = this.clock.now;
    this.#begin();
  }

  get isClosed(): boolean {
    return this.phase === "Closed";
  }

  get capacity(): number {
    if (this.phase !== "Open" || this.streams.lastId + 2 > STREAM_ID_MAX) return 0;
    return Math.max(0, this.#peer.streamsMax - this.streams.size);
  }

  #begin(): void {
    if (this.role === "client") this.#writer.preface();
    this.#writer.settings(ownSettings(this.role, this.limits));
    this.window.open();
    this.#outputTold = true;
  }

  receive(chunk: Bytes, now: number): void {
    this.clock.now = now;
    if (this.phase === "Closed") return;
    let at = 0;
    if (this.#prefaceLeft > 0) {
      at = this.#readPreface(chunk);
      if (at < 0) return;
    }
    this.#reader.push(chunk, at);
    while (!this.isClosed) {
      const cut = this.#reader.next();
      if (cut === "Wanting") break;
      if (cut === "Frame") this.#receiver.onFrame();
      else this.fail(ErrorCode.FrameSizeError, "a frame larger than allowed");
    }
    this.noteOutput();
  }

  #readPreface(chunk: Bytes): number {
    const from = PREFACE.length - this.#prefaceLeft;
    const take = Math.min(this.#prefaceLeft, chunk.length);
    for (let i = 0; i < take; i++) {
      if (chunk[i] === PREFACE[from + i]) continue;
      this.fail(ErrorCode.ProtocolError, "no HTTP/2 preface");
      return -1;
    }
    this.#prefaceLeft -= take;
    return take;
  }

  openOwn(
    headers: HeaderList,
    owner: T,
    extra: readonly HeaderField[],
    endStream: boolean,
  ): Stream<T> | null {
    if (this.role !== "client" || this.capacity <= 0) return null;
    const { windowBytes } = this.#peer;
    const stream = this.streams.open(
      this.streams.lastId + 2,
      this.window.streamWindow,
      windowBytes,
    );
    stream.owner = owner;
    this.sender.head(stream, headers, extra, endStream);
    this.noteOutput();
    return stream;
  }

  accept(id: number, fields: HeaderList): Stream<T> | null {
    if (id > this.#lastTaken) {
      this.streams.ignored(id);
      return null;
    }
    if (this.streams.size >= this.limits.streamsMax) {
      this.refuse(id, ErrorCode.RefusedStream);
      return null;
    }
    const { window } = this;
    const stream = this.streams.open(id, window.streamWindow, this.#peer.windowBytes);
    stream.headReceived = true;
    this.requests?.began(stream, fields);
    return stream.isOver ? null : stream;
  }

  refuse(id: number, code: number): void {
    this.streams.ignored(id);
    this.#writer.resetStream(id, code);
    this.budgets.reset();
  }

  maySend(stream: Stream<T>): boolean {
    return !stream.isOver && !stream.localClosed && stream.finish === null;
  }

  // The ends of streams

  settle(stream: Stream<T>): void {
    if (stream.localClosed && stream.remoteClosed && !stream.isOver) this.#remove(stream, "Ended");
  }

  #remove(stream: Stream<T>, ending: Ending): void {
    this.#close(stream, ending);
    if (ending === "Ended") this.budgets.forgive();
    // A client's reader may still be busy with an answer that has ended: what it holds counts until it is consumed.
    if (stream.held > 0 && (ending !== "Ended" || this.role === "server")) {
      this.window.giveBack(stream.held);
      stream.held = 0;
    }
    if (this.streams.size === 0 && this.phase === "Draining") this.#done();
    else if (this.role === "client") this.handler.onCapacity();
  }

  #close(stream: Stream<T>, ending: Ending): void {
    this.sender.drop(stream);
    this.requests?.ended(stream);
    this.streams.close(stream, ending);
  }

  resetStream(stream: Stream<T>, code: number): void {
    this.#writer.resetStream(stream.id, code);
    this.#remove(stream, "ResetByUs");
    this.noteOutput();
  }

  violate(stream: Stream<T>, code: number): void {
    this.resetStream(stream, code);
    this.handler.onReset(stream, code, "Violation");
    this.budgets.reset();
  }

  onPeerReset(stream: Stream<T>, code: number, cause: ResetCause): void {
    this.#remove(stream, "ResetByPeer");
    this.handler.onReset(stream, code, cause);
  }

  // SETTINGS, PING, GOAWAY

  onSettings(bytes: Uint8Array, from: number, to: number): void {
    const peer = this.#peer;
    const before = peer.windowBytes;
    const peerRole = this.role === "server" ? "client" : "server";
    const wrong = applySettings(peer, bytes, from, to, peerRole);
    if (wrong !== ErrorCode.NoError) return this.fail(wrong, "SETTINGS out of bounds");
    this.sender.frameBytesMax = Math.min(peer.frameBytesMax, OWN_FRAME_BYTES_MAX);
    this.sender.encoder.setCapacityMax(peer.headerTableBytes);
    this.#writer.settingsAcknowledge();
    if (peer.windowBytes !== before) this.#shiftWindows(peer.windowBytes - before);
    if (!this.isClosed && this.role === "client") this.handler.onCapacity();
  }

  /** A new initial window moves those of all streams by the difference (RFC 9113 §6.9.2). */
  #shiftWindows(by: number): void {
    for (const stream of this.streams) {
      stream.sendWindow += by;
      if (stream.sendWindow > WINDOW_MAX) {
        return this.fail(ErrorCode.FlowControlError, "a stream's window beyond its bound");
      }
      this.sender.widened(stream);
    }
    this.sender.pump();
  }

  onSettingsAcknowledged(): boolean {
    if (this.#settingsSentAt === null) return false;
    this.#settingsSentAt = null;
    this.#receiver.decoder.setCapacityMax(this.limits.headerTableBytes);
    this.window.onSettingsAcknowledged(this.streams);
    return true;
  }

  onPing(payload: Uint8Array): void {
    this.#pings.onPing(payload, this.clock.now, this.streams.size, this.sender.framesSent);
  }

  onPong(payload: Uint8Array): void {
    if (!this.#pings.onPong()) return;
    const isDrain = payload.every((byte, i) => byte === DRAIN_PING[i]);
    if (this.phase === "Noticing" && isDrain) this.#takeNoMore();
    else this.handler.onPong(payload);
  }

  onGoAway(lastId: number, code: number, debug: Uint8Array): void {
    if (this.role === "server") {
      if (code !== ErrorCode.NoError) this.end(code, `the peer says ${errorName(code)}`, "Peer");
      return;
    }
    this.#lastTaken = Math.min(this.#lastTaken, lastId);
    if (this.phase === "Open") this.phase = "Draining";
    for (const stream of this.streams.all()) {
      if (stream.id <= this.#lastTaken || stream.isOver) continue;
      this.#close(stream, "ResetByPeer");
      this.handler.onReset(stream, code, "Unprocessed");
    }
    this.handler.onCapacity();
    const reason = latin1(debug, 0, Math.min(debug.length, GOAWAY_REASON_BYTES_MAX));
    this.#goneAway = { code, by: "Peer", reason };
    if (this.streams.size === 0 && !this.isClosed) this.#done();
  }

  ping(payload: Bytes): void {
    if (this.isClosed) return;
    this.#pings.send(payload);
    this.noteOutput();
  }

  drain(): void {
    if (this.phase !== "Open") return;
    if (this.role === "client") {
      this.phase = "Draining";
      this.#writer.goAway(0, ErrorCode.NoError, EMPTY);
      if (this.streams.size === 0) this.#done();
    } else {
      this.phase = "Noticing";
      this.#noticedAt = this.clock.now;
      this.#writer.goAway(STREAM_ID_MAX, ErrorCode.NoError, EMPTY);
      this.#pings.send(DRAIN_PING);
    }
    this.noteOutput();
  }

  #takeNoMore(): void {
    this.phase = "Draining";
    this.#lastTaken = Math.max(0, this.streams.lastId);
    this.#writer.goAway(this.#lastTaken, ErrorCode.NoError, EMPTY);
    if (this.streams.size === 0) this.#done();
    this.noteOutput();
  }

  /** Both sides are through with each other. */
  #done(): void {
    this.phase = "Closed";
    this.handler.onClosed(
      this.#goneAway ?? { code: ErrorCode.NoError, by: "Us", reason: "drained" },
    );
    this.noteOutput();
  }

  fail(code: number, reason: string): void {
    this.end(code, reason, "Us");
  }

  end(code: number, reason: string, by: ConnectionEnd["by"]): void {
    if (this.isClosed) return;
    this.phase = "Closed";
    if (by === "Us") {
      const last = this.role === "server" ? Math.max(0, this.streams.lastId) : 0;
      this.#writer.goAway(Math.min(last, this.#lastTaken), code, latin1Bytes(reason));
    }
    if (by === "Transport") this.#writer.take();
    this.handler.onClosed({ code, by, reason });
    for (const stream of this.streams.all()) {
      if (stream.isOver) continue;
      this.#close(stream, "ResetByUs");
      this.handler.onReset(stream, code, "Connection");
    }
    this.noteOutput();
  }

  // Output

  noteOutput(): void {
    if (this.sender.isBlocked && !this.isClosed) {
      if (this.#writer.pending <= this.limits.outputBytesMax) return;
      this.end(ErrorCode.EnhanceYourCalm, "the peer reads nothing", "Transport");
    }
    if (this.#outputTold || this.#writer.pending === 0) return;
    this.#outputTold = true;
    this.handler.onOutput();
  }

  output(): readonly Bytes[] {
    this.#outputTold = false;
    if (this.#writer.pending === 0 && !this.isClosed) this.sender.pump();
    return this.#writer.take();
  }

  tick(now: number): void {
    this.clock.now = now;
    if (this.isClosed) return;
    const { settingsTimeoutMs, drainNoticeMs, slowReaderMs } = this.limits;
    this.#writer.release();
    if (this.#settingsSentAt !== null && now - this.#settingsSentAt > settingsTimeoutMs) {
      return this.fail(ErrorCode.SettingsTimeout, "SETTINGS were never acknowledged");
    }
    if (this.phase === "Noticing" && now - this.#noticedAt > drainNoticeMs) this.#takeNoMore();
    for (const stream of this.streams.all()) {
      const waits = !stream.isOver && stream.queuedBytes > 0 && stream.finish !== null;
      if (!waits || now - stream.progressAt <= slowReaderMs) continue;
      this.resetStream(stream, ErrorCode.Cancel);
      this.handler.onReset(stream, ErrorCode.Cancel, "Violation");
    }
    this.noteOutput();
  }
}

type Ending = "Ended" | "ResetByPeer" | "ResetByUs";

const TOO_MUCH_OVER_ALL =
  "more is held of requests that are not over, over all connections, than may, and most here";
