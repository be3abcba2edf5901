import type { Bytes } from "@quorate/kernel/core";
import { describe, expect, it } from "vitest";
import { BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, Mail } from "../../../src/embedded/worker/mail.ts";

interface Letter {
  readonly type: "letter";
  readonly id: number;
  readonly bytes?: Bytes;
}

/** A mail whose turn ends when it is told, and whose batches are cloned as a port does it. */
function mailbox(): {
  readonly mail: Mail<Letter>;
  readonly batches: Letter[][];
  readonly endTurn: () => void;
} {
  const batches: Letter[][] = [];
  let flushes: (() => void)[] = [];
  const mail = new Mail<Letter>(
    (batch, transfer) => {
      batches.push([...structuredClone(batch, { transfer: [...transfer] })]);
    },
    (flush) => void flushes.push(flush),
  );
  const endTurn = (): void => {
    const due = flushes;
    flushes = [];
    for (const flush of due) flush();
  };
  return { mail, batches, endTurn };
}

const letter = (id: number, bytes?: Bytes): Letter =>
  bytes === undefined ? { type: "letter", id } : { type: "letter", id, bytes };

describe("mail between threads", () => {
  it("a turn's messages are one batch, in order", () => {
    const { mail, batches, endTurn } = mailbox();
    for (const id of [1, 2, 3]) mail.put(letter(id));
    expect(batches).toEqual([]);
    endTurn();
    mail.put(letter(4));
    endTurn();
    expect(batches.map((batch) => batch.map(({ id }) => id))).toEqual([[1, 2, 3], [4]]);
  });

  it("bytes are copied out of the buffers they lie in, which stay as they are", () => {
    const { mail, batches, endTurn } = mailbox();
    const large = new Uint8Array(1024 * 1024).fill(7);
    mail.put(letter(1, large.subarray(10, 14)));
    mail.put(letter(2, large.subarray(0, 20_000)));
    mail.put(letter(3, new Uint8Array([1, 2])));
    endTurn();
    expect(large.length).toBe(1024 * 1024);
    const [small, own, other] = (batches[0] ?? []).map(({ bytes }) => bytes);
    expect([small, own?.length, other]).toEqual([
      new Uint8Array([7, 7, 7, 7]),
      20_000,
      new Uint8Array([1, 2]),
    ]);
    expect(small?.buffer.byteLength).toBe(6);
    expect(small?.buffer).toBe(other?.buffer);
    expect(own?.buffer.byteLength).toBe(20_000);
  });

  it("a batch that is full leaves at once", () => {
    const { mail, batches, endTurn } = mailbox();
    for (let id = 0; id < BATCH_MESSAGES_MAX + 1; id++) mail.put(letter(id));
    expect(batches.map(({ length }) => length)).toEqual([BATCH_MESSAGES_MAX]);
    mail.put(letter(0, new Uint8Array(BATCH_BYTES_MAX)));
    expect(batches.map(({ length }) => length)).toEqual([BATCH_MESSAGES_MAX, 2]);
    endTurn();
    expect(batches).toHaveLength(2);
  });
});
