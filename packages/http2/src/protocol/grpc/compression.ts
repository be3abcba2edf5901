import type { Bytes } from "../bytes.ts";

/** A way to compress messages, handed in by the host: this layer computes nothing of the kind itself. */
export interface Compression {
  /** As `grpc-encoding` names it. */
  readonly name: string;
  compress(parts: readonly Bytes[]): Bytes;
  /** Stops where more than `bytesMax` would come out. */
  decompress(bytes: Bytes, bytesMax: number): Bytes | "TooLarge" | "Malformed";
}

/** The value of `grpc-accept-encoding` that offers these. */
export const offer = (compressions: readonly Compression[]): string =>
  ["identity", ...compressions.map(({ name }) => name)].join(",");

/** What `grpc-encoding` names; null for none, undefined for one that is not known. */
export function compressionNamed(
  compressions: readonly Compression[],
  name: string | undefined,
): Compression | null | undefined {
  if (name === undefined || name === "identity") return null;
  return compressions.find((each) => each.name === name);
}
