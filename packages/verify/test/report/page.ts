/** An element of a page, as a strict reader finds it. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Its own text and that of its children, entities resolved; for script and style the raw text. */
  text: string;
}

const VOID = new Set(["meta", "path", "rect"]);
const RAW = new Set(["script", "style"]);
const TAG = /^<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z-]+(?::[a-z]+)?(?:="[^"<>]*")?)*)\s*(\/?)>/;
const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&#96;": "`",
};

/** Reads a page as strictly as XML: every element is closed, every attribute quoted, every `<` and `&` means what it says. */
export function parsePage(page: string): readonly Element[] {
  const start = "<!doctype html>\n";
  if (!page.startsWith(start)) throw new Error("no doctype");
  const found: Element[] = [];
  const open: Element[] = [];
  let at = start.length;
  while (at < page.length) {
    const next = page.indexOf("<", at);
    const text = resolved(page.slice(at, next < 0 ? page.length : next));
    for (const element of open) element.text += text;
    if (next < 0) break;
    const match = TAG.exec(page.slice(next, next + 5000));
    if (match === null) throw new Error(`no tag: ${page.slice(next, next + 80)}`);
    const [whole, closing = "", name = "", attributes = "", selfClosed = ""] = match;
    at = next + whole.length;
    if (closing !== "") {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes another element`);
      continue;
    }
    const element = { name, attributes: attributesOf(attributes), text: "" };
    found.push(element);
    if (VOID.has(name) || selfClosed !== "") continue;
    if (!RAW.has(name)) {
      open.push(element);
      continue;
    }
    const end = page.indexOf(`</${name}`, at);
    element.text = page.slice(at, end);
    at = page.indexOf(">", end) + 1;
  }
  if (open.length > 0) throw new Error(`${open.map(({ name }) => name).join(" ")} stay open`);
  return found;
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.matchAll(/([a-zA-Z-]+(?::[a-z]+)?)(?:="([^"]*)")?/g);
  return new Map([...pairs].map((match) => [match[1] ?? "", resolved(match[2] ?? "")]));
}

function resolved(text: string): string {
  return text.replace(/&[^;\s]*;?/g, (entity) => {
    const character = ENTITIES[entity];
    if (character === undefined) throw new Error(`a bare ${entity}`);
    return character;
  });
}
