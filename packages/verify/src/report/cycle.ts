import type { Edge } from "../verdict.ts";
import { html, type Markup } from "./markup.ts";
import { plain } from "./plain.ts";

/** Edges that are drawn; a longer circle is only told in words. */
const EDGES_MAX = 60;
const ROW = 84;
const BOX = 32;
const LEFT = 70;
const WIDTH = 860;
const BOX_TEXT_BYTES = 96;
const EDGE_TEXT_BYTES = 120;

/**
 * The circle of dependencies, drawn from above: each operation comes before the next, for the reason beside the arrow, and the last
 * before the first, by the arrow on the left. `textOf` says what an operation did.
 */
export function cycleDrawing(edges: readonly Edge[], textOf: (index: number) => string): Markup {
  if (edges.length === 0 || edges.length > EDGES_MAX) return html``;
  const height = edges.length * ROW;
  const nodes = edges.map(({ from }, i) => node(from, i * ROW + 8, textOf));
  const arrows = edges.map((edge, i) =>
    i === edges.length - 1 ? arrowBack(edge, i) : arrowDown(edge, i),
  );
  return html`<svg class="cycle" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="The circle of dependencies; the table below says the same">
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z"/></marker></defs>
${nodes}${arrows}</svg>`;
}

/** What happens with an edge, in the words of the literature. */
export const KINDS: Readonly<Record<Edge["kind"], string>> = {
  wr: "wr: the second read what the first wrote",
  ww: "ww: the second wrote the next version",
  rw: "rw: the second overwrote what the first read",
  session: "session: one after the other in one session",
  realtime: "realtime: the first returned before the second was called",
};

function node(index: number, y: number, textOf: (index: number) => string): Markup {
  return html`<a href="#op-${index}" data-operation="${index}"><rect x="${LEFT}" y="${y}" width="${WIDTH - LEFT - 4}" height="${BOX}" rx="5"/><text x="${LEFT + 10}" y="${y + 21}"><tspan class="number">${index}</tspan> ${plain(textOf(index), BOX_TEXT_BYTES)}</text></a>
`;
}

function arrowDown(edge: Edge, i: number): Markup {
  const [x, y] = [LEFT + 24, i * ROW + 8 + BOX];
  return html`<path class="edge" d="M${x} ${y + 2}V${y + ROW - BOX - 3}" marker-end="url(#tip)"/>${words(edge, x + 14, y + 30)}
`;
}

/** From the last operation around the left side to the first; an operation that follows itself has the same arrow. */
function arrowBack(edge: Edge, i: number): Markup {
  const from = i * ROW + 8 + BOX / 2 + 4;
  const to = 8 + BOX / 2 - 4;
  const path = html`<path class="edge" d="M${LEFT} ${from}C8 ${from} 8 ${from} 8 ${from - 24}V${to + 24}C8 ${to} 8 ${to} ${LEFT - 2} ${to}" marker-end="url(#tip)"/>`;
  return html`${path}${words(edge, LEFT + 4, i * ROW + 8 + BOX + 18)}
`;
}

const words = ({ kind, key, why }: Edge, x: number, y: number): Markup =>
  html`<text x="${x}" y="${y}"><tspan class="kind">${kind}${key === null ? "" : ` ${plain(key, 40)}`}</tspan> ${plain(why, EDGE_TEXT_BYTES)}</text>`;
