import {
  type Bytes,
  CONNECTION_LIMITS,
  Connection,
  type ConnectionHandler,
  type ConnectionLimits,
  type ConnectionOptions,
  errorName,
  Flag,
  FrameReader,
  FrameType,
  FrameWriter,
  HeaderList,
  HpackDecoder,
  HpackEncoder,
  Malformed,
  PREFACE,
  type Role,
  type Stream,
} from "../../src/protocol/index.ts";

export const POST = HeaderList.of(
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/test.Echo/Unary"],
  [":authority", "localhost"],
  ["content-type", "application/grpc"],
  ["te", "trailers"],
);

export const OK_HEAD = HeaderList.of([":status", "200"], ["content-type", "application/grpc"]);
export const OK_TRAILERS = HeaderList.of(["grpc-status", "0"]);

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Bytes | number[],
): Bytes {
  const writer = new FrameWriter();
  writer.header(payload.length, type, flags, streamId);
  writer.bytes(Uint8Array.from(payload));
  return join(writer.take());
}

export function join(chunks: readonly Bytes[]): Bytes {
  return new Uint8Array(Buffer.concat(chunks));
}

export const data = (id: number, text: string | Bytes, flags = 0): Bytes =>
  frame(FrameType.Data, flags, id, typeof text === "string" ? utf8(text) : text);

export const settings = (...entries: readonly (readonly [number, number])[]): Bytes => {
  const writer = new FrameWriter();
  writer.settings(entries);
  return join(writer.take());
};

export const settingsAck = (): Bytes => frame(FrameType.Settings, Flag.Acknowledge, 0, []);

export const uint32 = (n: number): number[] => [
  n >>> 24,
  (n >>> 16) & 255,
  (n >>> 8) & 255,
  n & 255,
];

export const resetStream = (id: number, code: number): Bytes =>
  frame(FrameType.ResetStream, 0, id, uint32(code));

export const windowUpdate = (id: number, by: number): Bytes =>
  frame(FrameType.WindowUpdate, 0, id, uint32(by));

export const ping = (flags = 0): Bytes => frame(FrameType.Ping, flags, 0, [1, 2, 3, 4, 5, 6, 7, 8]);

export const goAway = (lastId: number, code: number): Bytes =>
  frame(FrameType.GoAway, 0, 0, [...uint32(lastId), ...uint32(code)]);

/**
 * A connection with a peer that is played by the test: what the test sends is bytes, what the connection answers is read back
 * into one line for each frame, and what it tells its handler into one line for each event.
 */
export class Stage implements ConnectionHandler<string> {
  readonly connection: Connection<string>;
  readonly events: string[] = [];
  readonly streams = new Map<number, Stream<string>>();
  /** The peer's compression. */
  readonly encoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder(CONNECTION_LIMITS);
  readonly #reader = new FrameReader(0xff_ffff);
  readonly #role: Role;
  now = 1000;
  /** What a handler does besides taking notes. */
  onHeadThen: (stream: Stream<string>) => void = () => {};
  consumes = true;
  /** How often the connection has said that there is something to take. */
  outputs = 0;

  constructor(
    role: Role = "server",
    limits: Partial<ConnectionLimits> = {},
    options: ConnectionOptions = {},
  ) {
    this.#role = role;
    this.connection = new Connection<string>(role, this, {
      now: this.now,
      keepalive: null,
      ...options,
      limits: { ...CONNECTION_LIMITS, ...limits },
    });
  }

  /** Past the beginning, with nothing left over from it. */
  static ready(
    role: Role = "server",
    limits: Partial<ConnectionLimits> = {},
    options: ConnectionOptions = {},
  ): Stage {
    const stage = new Stage(role, limits, options);
    stage.greet();
    stage.frames();
    return stage;
  }

  greet(...entries: readonly (readonly [number, number])[]): this {
    if (this.#role === "server") this.send(PREFACE);
    return this.send(settings(...entries), settingsAck());
  }

  send(...chunks: readonly Bytes[]): this {
    for (const chunk of chunks) this.connection.receive(chunk, this.now);
    return this;
  }

  headers(id: number, list: HeaderList | readonly (readonly [string, string])[], flags = 0): this {
    const fields = list instanceof HeaderList ? list : HeaderList.of(...list);
    const block = this.encoder.encode(fields);
    return this.send(frame(FrameType.Headers, Flag.EndHeaders | flags, id, block.slice()));
  }

  request(id: number, flags: number = Flag.EndStream): this {
    return this.headers(id, POST, flags);
  }

  stream(id: number): Stream<string> {
    const stream = this.streams.get(id);
    if (stream === undefined) throw new Error(`no stream ${id}`);
    return stream;
  }

  /** What has been sent since the last look, a line for each frame. */
  frames(): readonly string[] {
    const lines: string[] = [];
    for (let chunks = this.connection.take(); chunks.length > 0; chunks = this.connection.take()) {
      let bytes = join(chunks);
      if (Buffer.from(bytes.subarray(0, PREFACE.length)).equals(PREFACE)) {
        lines.push("PREFACE");
        bytes = bytes.subarray(PREFACE.length);
      }
      this.#reader.push(bytes);
      while (this.#reader.next() === "Frame") lines.push(this.#describe());
    }
    return lines;
  }

  #describe(): string {
    const { type, flags, streamId, bytes, from, to } = this.#reader;
    const payload = bytes.subarray(from, to);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const end = flags & Flag.EndStream ? " END_STREAM" : "";
    switch (type) {
      case FrameType.Data:
        return `DATA ${streamId} ${payload.length}${end}`;
      case FrameType.Headers: {
        const list = this.#decoder.decode(payload);
        if (list instanceof Malformed) return `HEADERS ${streamId} undecodable`;
        return `HEADERS ${streamId} ${list.fields.map(({ name, value }) => `${name}=${value}`).join(" ")}${end}`;
      }
      case FrameType.ResetStream:
        return `RST_STREAM ${streamId} ${errorName(view.getUint32(0))}`;
      case FrameType.Settings:
        return flags & Flag.Acknowledge ? "SETTINGS ACK" : "SETTINGS";
      case FrameType.Ping:
        return flags & Flag.Acknowledge ? "PING ACK" : "PING";
      case FrameType.GoAway:
        return `GOAWAY ${view.getUint32(0)} ${errorName(view.getUint32(4))}`;
      case FrameType.WindowUpdate:
        return `WINDOW_UPDATE ${streamId} ${view.getUint32(0)}`;
      default:
        return `frame ${type} on ${streamId}`;
    }
  }

  onHead(stream: Stream<string>, headers: HeaderList, endStream: boolean): void {
    this.streams.set(stream.id, stream);
    const what = headers.get(":path") ?? headers.get(":status");
    this.events.push(`head ${stream.id} ${what}${endStream ? " end" : ""}`);
    this.onHeadThen(stream);
  }

  onData(stream: Stream<string>, _: Bytes, from: number, to: number, endStream: boolean): void {
    this.events.push(`data ${stream.id} ${to - from}${endStream ? " end" : ""}`);
    if (this.consumes) this.connection.consume(stream, to - from);
  }

  onTrailers(stream: Stream<string>): void {
    this.events.push(`trailers ${stream.id}`);
  }

  onReset(stream: Stream<string>, code: number, cause: string): void {
    this.events.push(`reset ${stream.id} ${errorName(code)} ${cause}`);
  }

  onDrain(stream: Stream<string>): void {
    this.events.push(`drain ${stream.id}`);
  }

  onOutput(): void {
    this.outputs++;
  }

  onPong(): void {
    this.events.push("pong");
  }

  onCapacity(): void {}

  onClosed(end: { readonly code: number; readonly by: string }): void {
    this.events.push(`closed ${errorName(end.code)} ${end.by}`);
  }
}
