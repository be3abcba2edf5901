/** The formats, by the names that `--format` takes. */
export const FORMATS = [
  "quorate",
  "jepsen-edn",
  "jepsen-json",
  "jepsen-log",
  "elle-cases",
  "awdit",
  "dbcop",
  "text",
  "bincode",
  "cobra",
] as const;

export type Format = (typeof FORMATS)[number];

const ALIASES: Readonly<Record<string, Format>> = {
  edn: "jepsen-edn",
  knossos: "jepsen-edn",
  elle: "jepsen-edn",
  porcupine: "jepsen-edn",
  json: "jepsen-json",
  log: "jepsen-log",
  isovista: "text",
  polysi: "text",
  plume: "text",
  jsonl: "quorate",
};

export function formatNamed(name: string): Format | null {
  const found = FORMATS.find((format) => format === name);
  return found ?? ALIASES[name] ?? null;
}

/** The tag that every log of Cobra's begins with. */
const TRANSACTION_STARTS = 0x53;
/** How much of a text file is looked at. */
const HEAD_CHARACTERS = 65_536;

/** What a file seems to be, by its name and its beginning; null where it is neither. */
export function detectFormat(name: string, bytes: Uint8Array): Format | null {
  if (name.includes("#")) return "elle-cases";
  if (name.endsWith(".bincode")) return "bincode";
  const head = headOf(bytes);
  if (head.includes("\u0000")) return bytes[0] === TRANSACTION_STARTS ? "cobra" : "bincode";
  // A byte order mark is three letters in Latin.
  const first = /^(?:\s|\u00EF\u00BB\u00BF|;[^\n]*\n|\/\/[^\n]*\n)*/.exec(head)?.[0].length ?? 0;
  const text = head.slice(first);
  // Of whatever version, and however it is spaced: the reader says what it expects.
  if (/^\{[^\n]*"quorate-history"/.test(text)) return "quorate";
  if (/jepsen\.util\s+-\s/.test(head)) return "jepsen-log";
  if (/^[rwRW]\s*\(/.test(text)) return "text";
  if (/^[rwRW]\s+\S+\s+\S/.test(text)) return "awdit";
  if (/^\[[^\]{]*(:=|==)/.test(text) || name.endsWith(".hist")) return "dbcop";
  if (/^\[?\s*\{\s*"/.test(text)) return "jepsen-json";
  if (/^[[({#]/.test(text)) return name.endsWith(".json") ? "jepsen-json" : "jepsen-edn";
  if (/^[-=]/.test(text)) return text.includes("[") ? "dbcop" : "awdit";
  return name.endsWith(".edn") ? "jepsen-edn" : null;
}

/** The beginning as if it were Latin: every format is told by its ASCII. */
function headOf(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < Math.min(bytes.length, HEAD_CHARACTERS); i += 4096) {
    parts.push(String.fromCharCode(...bytes.subarray(i, Math.min(i + 4096, HEAD_CHARACTERS))));
  }
  return parts.join("");
}
