import { raw } from "../../support/etcd-messages.ts";
import type { Case } from "../case.ts";

/** A gRPC message: not compressed, its length, its bytes. */
function framed(message: Uint8Array, flags = 0, length = message.length): Uint8Array {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt8(flags, 0);
  frame.writeUInt32BE(length, 1);
  frame.set(message, 5);
  return frame;
}

const RANGE = "/etcdserverpb.KV/Range";
const NOTHING = new Uint8Array();

export const ERROR_CASES: readonly Case[] = [
  {
    name: "errors: methods and services that are not there",
    async run(on) {
      for (const path of [
        "/etcdserverpb.KV/Nope",
        "/etcdserverpb.Nope/Range",
        "/nope/nope",
        "/nope",
        "/",
        "/etcdserverpb.KV/",
        "/etcdserverpb.KV/range",
        "/etcdserverpb.KV/Range/",
      ]) {
        await on.rawCall(path, framed(NOTHING));
      }
    },
  },
  {
    name: "errors: bytes that are no message",
    async run(on) {
      const messages: readonly (readonly number[])[] = [
        [0xff],
        [0x0a],
        [0x0a, 0x05, 0x61],
        [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
        [0x07],
        [0x00],
        [0x0b],
        [0x0e],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        [0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        [0x0a, 0x01, 0x61, 0xfa, 0x01, 0x03, 0x01, 0x02, 0x03],
        [0x0a, 0x01, 0x61, 0x0a, 0x01, 0x62],
        [0x08, 0x01, 0x0a, 0x01, 0x61],
      ];
      for (const bytes of messages) await on.unary("KV/Range", Uint8Array.from(bytes));
    },
  },
  {
    name: "errors: frames that hold no message",
    async run(on) {
      await on.rawCall(RANGE, NOTHING);
      await on.rawCall(RANGE, framed(NOTHING, 1));
      await on.rawCall(RANGE, framed(NOTHING, 1), { "grpc-encoding": "gzip" });
      await on.rawCall(RANGE, framed(NOTHING, 0, 10));
      await on.rawCall(RANGE, Uint8Array.from([0, 0]));
      await on.rawCall(RANGE, framed(NOTHING, 2));
    },
  },
  {
    name: "errors: headers of a call",
    async run(on) {
      await on.rawCall(RANGE, framed(raw("\x0a\x01k")), { "content-type": "text/plain" });
      await on.rawCall(RANGE, framed(raw("\x0a\x01k")), {
        "content-type": "application/grpc+proto",
      });
      await on.rawCall(RANGE, framed(raw("\x0a\x01k")), { "grpc-timeout": "nonsense" });
      await on.rawCall(RANGE, framed(raw("\x0a\x01k")), { "grpc-timeout": "5S" });
      await on.rawCall(RANGE, framed(raw("\x0a\x01k")), { hasleader: "true" });
      await on.rawCall(RANGE, framed(raw("\x0a\x01k")), { "client-api-version": "3.6" });
    },
  },
  {
    name: "errors: requests near and over the limits of size",
    async run(on) {
      const put = (bytes: number): Promise<unknown> =>
        on.unary("KV/Put", { key: raw("big"), value: Buffer.alloc(bytes, 0x76) });
      await put(1_500_000);
      await put(1_572_864);
      await put(1_600_000);
      await put(2_097_152 - 11);
      await put(2_097_152);
      await put(3_000_000);
      await on.unary("KV/Range", { key: raw("big"), keys_only: true });
      const key = raw("k".repeat(1_600_000));
      await on.unary("KV/Range", { key });
      await on.unary("KV/DeleteRange", { key });
      await on.unary("KV/Txn", { success: [{ request_put: { key: raw("t"), value: key } }] });
    },
  },
];
