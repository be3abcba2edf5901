import {
  type Bytes,
  type CallOptions,
  type ClientCall,
  type ClientEnd,
  type ClientHandler,
  ClientMethod,
  type ClientShared,
  ClientSide,
  Deadlines,
  type HeaderList,
  type Method,
  type ServerShared,
  ServerSide,
} from "../../src/protocol/index.ts";
import { echo, type Seen, Tally } from "./echo.ts";

/** What a caller has heard of one call. */
export class Heard implements ClientHandler {
  readonly messages: string[] = [];
  readonly bytes: Bytes[] = [];
  head: HeaderList | null = null;
  end: ClientEnd | null = null;
  drains = 0;

  onHead(headers: HeaderList): void {
    this.head = headers;
  }

  onMessage(message: Bytes): void {
    this.bytes.push(message);
    this.messages.push(Buffer.from(message).toString("latin1"));
  }

  onEnd(end: ClientEnd): void {
    this.end = end;
  }

  onDrain(): void {
    this.drains++;
  }

  get code(): number | undefined {
    return this.end?.status.code;
  }

  get text(): string | undefined {
    return this.end?.status.message;
  }
}

/** A client and a server without a network between them: bytes go over when the test says so, and time passes likewise. */
export class Pair {
  readonly client: ClientSide;
  readonly server: ServerSide<Method>;
  readonly seen: Seen;
  readonly tally = new Tally();
  now = 1000;
  /** How bytes are cut on their way. */
  cut: (bytes: Bytes) => readonly Bytes[] = (bytes) => [bytes];
  readonly #deadlines = [new Deadlines(1000), new Deadlines(1000)] as const;

  constructor(server: Partial<ServerShared<Method>> = {}, client: Partial<ClientShared> = {}) {
    const { router, seen } = echo();
    this.seen = seen;
    const now = (): number => this.now;
    const host = { onOutput() {}, onClosed() {}, onPong() {} };
    this.server = new ServerSide(
      { router, deadlines: this.#deadlines[0], now, observer: this.tally, ...server },
      host,
    );
    this.client = new ClientSide({ deadlines: this.#deadlines[1], now, ...client }, host);
    this.exchange();
  }

  call(
    path: string,
    options: CallOptions = {},
    encoding?: string,
  ): { readonly call: ClientCall; readonly heard: Heard } {
    const heard = new Heard();
    const method = new ClientMethod(`/test.Echo/${path}`, {
      authority: "localhost",
      scheme: "http",
      ...(encoding === undefined ? {} : { encoding }),
    });
    return { call: this.client.start(method, heard, options), heard };
  }

  /** A call with one message, and what came of it. */
  unary(path: string, message: Bytes, options: CallOptions = {}, encoding?: string): Heard {
    const { call, heard } = this.call(path, options, encoding);
    call.writeLast([message]);
    this.exchange();
    return heard;
  }

  /** Carries bytes over until neither side has anything more to say. */
  exchange(): this {
    for (let moved = true; moved; ) {
      const there = this.#carry(this.client.connection, this.server.connection);
      const back = this.#carry(this.server.connection, this.client.connection);
      moved = there || back;
    }
    return this;
  }

  pass(ms: number): this {
    this.now += ms;
    for (const each of this.#deadlines) each.advance(this.now);
    return this.exchange();
  }

  #carry(
    from: { take(): readonly Bytes[] },
    to: { receive(bytes: Bytes, now: number): void },
  ): boolean {
    const chunks = from.take();
    if (chunks.length === 0) return false;
    for (const chunk of this.cut(new Uint8Array(Buffer.concat(chunks))))
      to.receive(chunk, this.now);
    return true;
  }
}

export const ascii = (text: string): Bytes => Uint8Array.from(Buffer.from(text, "latin1"));
