import type { Bytes } from "@quorate/kernel/core";

interface Message {
  readonly type: string;
  readonly bytes?: Bytes;
}

/** Messages of one batch at most: what is more goes out at once. */
export const BATCH_MESSAGES_MAX = 1024;
/** Bytes of one batch at most, but for a single larger message. */
export const BATCH_BYTES_MAX = 1024 * 1024;
/** Bytes beyond it travel in a buffer of their own, so that whoever keeps them keeps nothing else alive. */
const SHARED_BYTES_MAX = 16 * 1024;

/** As `MessagePort.postMessage`. */
export type Post<M> = (batch: readonly M[], transfer: readonly ArrayBuffer[]) => void;

/**
 * Gathers a turn's messages to another thread and posts them as one. Their bytes, which may be views of buffers that
 * others use too, are copied once, into buffers that are then handed over and not copied again.
 */
export class Mail<M extends Message> {
  readonly #post: Post<M>;
  readonly #soon: (flush: () => void) => void;
  #waiting: M[] = [];
  #bytes = 0;
  #scheduled = false;

  /** `soon` calls what it is given later in this turn of the event loop. */
  constructor(post: Post<M>, soon: (flush: () => void) => void = queueMicrotask) {
    this.#post = post;
    this.#soon = soon;
  }

  put(message: M): void {
    this.#waiting.push(message);
    this.#bytes += message.bytes?.length ?? 0;
    if (this.#waiting.length >= BATCH_MESSAGES_MAX || this.#bytes >= BATCH_BYTES_MAX) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      this.#soon(this.#onSoon);
    }
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const { batch, transfer } = packed(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    this.#post(batch, transfer);
  }

  readonly #onSoon = (): void => {
    this.#scheduled = false;
    this.flush();
  };
}

function packed<M extends Message>(
  messages: readonly M[],
): { readonly batch: readonly M[]; readonly transfer: readonly ArrayBuffer[] } {
  const shared = new Uint8Array(messages.reduce((sum, { bytes }) => sum + sharedLength(bytes), 0));
  const transfer = shared.length === 0 ? [] : [shared.buffer];
  let at = 0;
  const batch = messages.map((message) => {
    const { bytes } = message;
    if (bytes === undefined) return message;
    if (bytes.length > SHARED_BYTES_MAX) {
      const own = new Uint8Array(bytes);
      transfer.push(own.buffer);
      return { ...message, bytes: own };
    }
    shared.set(bytes, at);
    const view = shared.subarray(at, at + bytes.length);
    at += bytes.length;
    return { ...message, bytes: view };
  });
  return { batch, transfer };
}

const sharedLength = (bytes: Bytes | undefined): number =>
  bytes === undefined || bytes.length > SHARED_BYTES_MAX ? 0 : bytes.length;
