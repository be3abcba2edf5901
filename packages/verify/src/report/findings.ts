import type { Edge, Evidence, Verdict, Violation, Witness } from "../verdict.ts";
import type { Bar, Bars } from "./bars.ts";
import { cycleDrawing, KINDS } from "./cycle.ts";
import { html, type Markup } from "./markup.ts";
import { plain } from "./plain.ts";

/** Rows of a table, and operations of an order, that are written out; what is beyond is counted. */
const ROWS_MAX = 500;
const ORDER_MAX = 200;
const ORDERS_MAX = 50;
const TEXT_BYTES = 1000;

/** What was found, readable without scripts: the verdict in words, the core, and why. */
export function findings(model: string, verdict: Verdict, found: Bars): Markup {
  const rows = verdict.type === "violation" ? verdict.core.slice(0, ROWS_MAX) : [];
  const shown: Shown = { ...found, rows: new Set(rows) };
  switch (verdict.type) {
    case "ok":
      return html`<p class="verdict ok">The history keeps to <b>${model}</b>.</p>
${witnessed(verdict.witness, shown)}`;
    case "violation":
      return html`<p class="verdict violation">The history does not keep to <b>${model}</b>: <b>${plain(verdict.anomaly, TEXT_BYTES)}</b>.</p>
${violated(verdict, shown)}`;
    case "unknown":
      return html`<p class="verdict unknown">No verdict on <b>${model}</b>: ${plain(verdict.why, TEXT_BYTES)} (after ${verdict.steps} steps).</p>`;
  }
}

interface Shown extends Bars {
  /** The operations that have a row of the core's table. */
  readonly rows: ReadonlySet<number>;
}

function violated(violation: Violation, shown: Shown): Markup {
  const { anomalies, core, minimal, evidence } = violation;
  const all =
    anomalies.length > 1
      ? html`<p>All that was found: ${plain(anomalies.join(", "), TEXT_BYTES)}.</p>`
      : "";
  const least = minimal
    ? "These operations break the model by themselves, and none of them can be left out."
    : "These operations break the model by themselves; perhaps fewer would.";
  return html`${all}
<h2>Why</h2>
${evident(evidence, shown)}
<h2>The core</h2>
<p>${least}</p>
${operationTable(core, shown)}`;
}

function evident(evidence: Evidence, shown: Shown): Markup {
  switch (evidence.type) {
    case "cycle":
      return html`<p>Each operation must come before the next, and the last before the first.</p>
<div class="wide">${cycleDrawing(evidence.edges, (index) => textOf(shown, index))}</div>
${edgeTable(evidence.edges, shown)}`;
    case "no-order":
      return html`<p>No order explains the core. This one goes furthest:</p>
${orderList(evidence.longest, shown)}
<p>None of these can follow it:</p>
${orderList(evidence.stuck, shown)}`;
    case "answer":
      return html`<p>Operation ${reference(shown, evidence.operation)}, <code>${textOf(shown, evidence.operation)}</code>: expected ${plain(evidence.expected, TEXT_BYTES)}.</p>`;
  }
}

function witnessed(witness: Witness, shown: Shown): Markup {
  switch (witness.type) {
    case "order":
      return html`<h2>An order that explains it</h2>
${orderList(witness.order, shown)}`;
    case "orders":
      return named("An order for each key or process that explains it", witness.orders, shown);
    case "versions":
      return named("Who wrote each key, in the order of its versions", witness.versions, shown);
    case "direct":
      return html`<p>${witness.compared} operations were compared with what they may answer.</p>`;
  }
}

function named(
  title: string,
  orders: ReadonlyMap<string, readonly number[]>,
  shown: Shown,
): Markup {
  const first = [...orders].slice(0, ORDERS_MAX);
  // Of many keys a few operations each.
  const each = Math.max(5, Math.floor(ORDER_MAX / Math.max(1, first.length)));
  const lists = first.map(
    ([
      name,
      order,
    ]) => html`<details><summary><code>${plain(name, 200)}</code>: ${order.length}</summary>
${orderList(order, shown, each)}</details>
`,
  );
  return html`<h2>${title}</h2>
${lists}${more(orders.size - first.length, "keys or processes")}`;
}

function orderList(order: readonly number[], shown: Shown, most = ORDER_MAX): Markup {
  const items = order
    .slice(0, most)
    .map(
      (index) => html`<li>${reference(shown, index)} <code>${textOf(shown, index)}</code></li>\n`,
    );
  return html`<ol>
${items}</ol>
${more(order.length - items.length, "operations")}`;
}

function operationTable(core: readonly number[], shown: Shown): Markup {
  const rows = core.slice(0, ROWS_MAX).map((index) => {
    const bar = shown.bars[index];
    const cells =
      bar === undefined
        ? html`<td colspan="4">not in this history</td>`
        : html`<td>${bar.process}</td><td>${when(bar, shown)}</td><td>${bar.outcome}</td><td><code>${textOf(shown, index)}</code></td>`;
    return html`<tr id="op-${index}"><th scope="row">${reference(shown, index)}</th>${cells}</tr>
`;
  });
  return html`<table><thead><tr><th>operation</th><th>process</th><th>when</th><th>outcome</th><th>what</th></tr></thead><tbody>
${rows}</tbody></table>
${more(core.length - rows.length, "operations")}`;
}

function edgeTable(edges: readonly Edge[], shown: Shown): Markup {
  const rows = edges.slice(0, ROWS_MAX).map(
    ({
      from,
      to,
      kind,
      key,
      why,
    }) => html`<tr><td>${reference(shown, from)}</td><td>${reference(shown, to)}</td><td title="${KINDS[kind]}">${kind}</td><td>${key === null ? "" : plain(key, 200)}</td><td>${plain(why, TEXT_BYTES)}</td></tr>
`,
  );
  return html`<table><thead><tr><th>from</th><th>to</th><th>kind</th><th>key</th><th>why</th></tr></thead><tbody>
${rows}</tbody></table>
${more(edges.length - rows.length, "dependencies")}`;
}

/** A link into the drawing; without scripts to the row of the core, if it has one. */
const reference = ({ rows }: Shown, index: number): Markup =>
  html`<a href="#${rows.has(index) ? `op-${index}` : "view"}" data-operation="${index}">${index}</a>`;

const textOf = ({ bars }: Shown, index: number): string =>
  plain(bars[index]?.text() ?? "not in this history", TEXT_BYTES);

const more = (count: number, what: string): Markup =>
  count > 0 ? html`<p>… and ${count} more ${what}.</p>` : html``;

function when({ from, to }: Bar, { timed }: Shown): string {
  if (!timed) return `place ${from}`;
  return to === Number.POSITIVE_INFINITY ? `from ${from}, open` : `${from} to ${to}`;
}
