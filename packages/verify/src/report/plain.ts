/** Controls, halves of a character, and marks that turn the direction of writing: a history may hide behind them. */
const UNSEEN =
  /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]|\p{Surrogate}/gu;

const ELLIPSIS_BYTES = 3;

/** A text on one line, every character of which can be seen; as long as before. */
export const visible = (text: string): string => text.replace(UNSEEN, "\ufffd");

/** Made visible, and cut where it takes more bytes in a page, as JSON or as HTML. */
export function plain(text: string, bytesMax: number): string {
  // A character takes a byte at least: what lies further behind is not looked at.
  const seen = visible(text.slice(0, bytesMax + 1));
  let bytes = 0;
  let kept = 0;
  let cut = 0;
  for (const character of seen) {
    bytes += costOf(character);
    if (bytes > bytesMax) break;
    kept += character.length;
    if (bytes + ELLIPSIS_BYTES <= bytesMax) cut = kept;
  }
  return kept === text.length ? seen : `${seen.slice(0, cut)}…`;
}

/** In UTF-8, as the longest that it is escaped to. */
function costOf(character: string): number {
  if (ESCAPED.has(character)) return 6;
  if (character < "\u0080") return 1;
  return character.length === 1 ? 3 : 4;
}

const ESCAPED = new Set("&<>\"'`\\");
