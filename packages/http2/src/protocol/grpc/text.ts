import type { Bytes } from "../bytes.ts";
import { HeaderField } from "../fields/index.ts";

/** `grpc-message` carries UTF-8 with everything but printable ASCII, and the per cent sign, escaped. */
export function percentEncode(message: string): string {
  if (/^(?:[!-$&-~](?:[ -$&-~]*[!-$&-~])?)?$/.test(message)) return message;
  let out = "";
  for (const byte of new TextEncoder().encode(message)) {
    const plain = byte > 0x20 && byte <= 0x7e && byte !== 0x25;
    out += plain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

/** Never fails: what is not an escape stays as it is, and what is not UTF-8 becomes replacement characters. */
export function percentDecode(value: string): string {
  if (!value.includes("%")) return value;
  const bytes: number[] = [];
  for (let i = 0; i < value.length; i++) {
    const hex = value[i] === "%" ? /^[0-9a-fA-F]{2}/.exec(value.slice(i + 1, i + 3)) : null;
    if (hex === null) bytes.push(value.charCodeAt(i) & 0xff);
    else {
      bytes.push(Number.parseInt(hex[0], 16));
      i += 2;
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** Metadata whose name ends in `-bin` holds bytes, in base64 without padding on the wire. */
export function binaryField(name: string, bytes: Bytes): HeaderField {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return new HeaderField(name, btoa(text).replace(/=+$/, ""), { indexed: false });
}

/** The bytes of a `-bin` value, padded or not; null where it is no base64. Several values may be joined by commas. */
export function binaryValues(value: string): readonly Bytes[] | null {
  const parts = value.split(",").map((part) => part.trim());
  const decoded = parts.map(decodeBase64);
  return decoded.every((part) => part !== null) ? decoded : null;
}

function decodeBase64(text: string): Bytes | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.replace(/=+$/, "").length % 4 === 1) return null;
  return Uint8Array.from(atob(text.replace(/=+$/, "")), (c) => c.charCodeAt(0));
}
