import type { AnyLogProtocol, Bytes, Effect, JournalSeq } from "../core/index.ts";
import type { Coverage } from "./coverage.ts";
import type { Persisted } from "./persisted.ts";
import type { Replica } from "./replica.ts";
import type { ReplicaPort } from "./replica-port.ts";
import { FrameKind } from "./wire.ts";

type Persist = Extract<Effect<unknown>, { type: "Persist" }>;
type Send = Extract<Effect<unknown>, { type: "Send" }>;

/** What a protocol gives to the disk and to its peers: a message leaves behind all that was persisted before it, unless it is early. */
export class Egress {
  readonly #persisted: Persisted;
  readonly #protocol: AnyLogProtocol;
  readonly #port: ReplicaPort;
  /** The last message sent, as bytes: the next one may be the same to another member. */
  #encoded: { readonly message: unknown; readonly bytes: Bytes } | null = null;

  constructor(persisted: Persisted, protocol: AnyLogProtocol, port: ReplicaPort) {
    this.#persisted = persisted;
    this.#protocol = protocol;
    this.#port = port;
  }

  persist(replica: Replica, coverage: Coverage, { record, lastIndex }: Persist): void {
    const seq = this.#port.persist(replica, record);
    this.#persisted.add(seq);
    coverage.wrote(seq, record.length, lastIndex);
  }

  send({ group }: Replica, { to, lane, message, early }: Send): void {
    const after = early ? (0 as JournalSeq) : this.#persisted.last;
    if (this.#encoded === null || this.#encoded.message !== message)
      this.#encoded = { message, bytes: this.#protocol.encode(message) };
    this.#port.send(to, lane, group, FrameKind.protocol, this.#encoded.bytes, after);
  }

  /** The turn is over: what was sent in it is not kept. */
  forget(): void {
    this.#encoded = null;
  }
}
