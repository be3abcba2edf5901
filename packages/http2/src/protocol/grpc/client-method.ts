import { HeaderField, HeaderList } from "../fields/index.ts";

export interface ClientMethodOptions {
  readonly authority: string;
  readonly scheme: "http" | "https";
  /** Sent with every call of the method. */
  readonly metadata?: readonly HeaderField[];
  readonly userAgent?: string;
  /** Compressions whose answers are understood, as `grpc-accept-encoding` lists them. */
  readonly accepted?: string;
  /** How messages are compressed. */
  readonly encoding?: string;
}

/**
 * A method as a client calls it. Make one and keep it: its fields are encoded once for a connection, and from then on a call's
 * head is a few bytes.
 */
export class ClientMethod {
  readonly path: string;
  readonly headers: HeaderList;

  constructor(path: string, options: ClientMethodOptions) {
    const { scheme, authority, metadata = [], userAgent, accepted, encoding } = options;
    const pairs: [string, string][] = [
      [":method", "POST"],
      [":scheme", scheme],
      [":path", path],
      [":authority", authority],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
    ];
    if (userAgent !== undefined) pairs.push(["user-agent", userAgent]);
    if (accepted !== undefined) pairs.push(["grpc-accept-encoding", accepted]);
    if (encoding !== undefined && encoding !== "identity") pairs.push(["grpc-encoding", encoding]);
    this.path = path;
    const own = pairs.map(([name, value]) => new HeaderField(name, value));
    this.headers = new HeaderList([...own, ...metadata]);
  }
}
