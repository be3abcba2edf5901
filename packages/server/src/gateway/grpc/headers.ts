/** `application/grpc`, alone or with a subtype such as `application/grpc+proto` (gRPC over HTTP/2, Content-Type). */
export function isGrpcContentType(value: string | undefined): boolean {
  if (value === undefined) return false;
  const type = value.toLowerCase();
  if (!type.startsWith("application/grpc")) return false;
  const rest = type[16];
  return rest === undefined || rest === "+" || rest === ";";
}

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;

/** A `grpc-timeout` in whole milliseconds, rounded up; null where it is malformed. */
export function parseTimeout(value: string): number | null {
  const match = TIMEOUT.exec(value);
  if (match === null) return null;
  return Math.ceil(Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0));
}

/** `grpc-message` carries UTF-8 with everything but printable ASCII, and the per cent sign, escaped. */
export function percentEncode(message: string): string {
  if (/^[ -$&-~]*$/.test(message)) return message;
  let out = "";
  for (const byte of Buffer.from(message, "utf8")) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    out += plain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}
