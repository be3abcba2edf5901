import { constants, gunzipSync, gzipSync } from "node:zlib";
import type { Bytes, Compression } from "../protocol/index.ts";

/**
 * `gzip` as gRPC clients negotiate it. Synchronous: messages are bounded, and a trip through the thread pool would cost more
 * than most of them take.
 */
export const GZIP: Compression = {
  name: "gzip",
  compress: (parts) =>
    gzipSync(parts.length === 1 ? (parts[0] as Bytes) : Buffer.concat(parts), FAST),
  decompress(bytes, bytesMax) {
    try {
      return gunzipSync(bytes, { maxOutputLength: Math.max(1, bytesMax) });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      return code === "ERR_BUFFER_TOO_LARGE" ? "TooLarge" : "Malformed";
    }
  },
};

const FAST = { level: constants.Z_BEST_SPEED };
