import { visible } from "./plain.ts";

/**
 * Text that is HTML already. Nothing but `html`, `scriptJson` and `trusted` makes it, so what a history says gets into a page
 * escaped or not at all.
 */
export class Markup {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** Our own words: never anything that was read from a file. */
  static trusted(text: string): Markup {
    return new Markup(text);
  }
}

type Part = Markup | readonly Markup[] | string | number;

/** A template whose values are made visible and escaped, as text and inside of quoted attributes; markup stays as it is. */
export function html(texts: TemplateStringsArray, ...values: readonly Part[]): Markup {
  const parts = texts.map((text, i) => {
    const value = values[i];
    return value === undefined ? text : text + rendered(value);
  });
  return Markup.trusted(parts.join(""));
}

/** Data for a script: JSON in which no `<` stands, so that nothing can end the element or begin a comment. */
export const scriptJson = (value: unknown): Markup =>
  Markup.trusted(JSON.stringify(value).replaceAll("<", "\\u003c"));

function rendered(value: Part): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(({ text }) => text).join("");
  return visible(String(value)).replace(SPECIAL, (c) => ENTITIES[c] ?? c);
}

const SPECIAL = /[&<>"'`]/g;
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};
