import type { Model } from "../models.ts";
import type { Recording } from "../readers/index.ts";
import type { Verdict } from "../verdict.ts";
import { type Bar, barsOf } from "./bars.ts";
import { type Drawing, drawingOf } from "./drawing.ts";
import { findings } from "./findings.ts";
import { html, type Markup, scriptJson } from "./markup.ts";
import { modelName } from "./model-name.ts";
import { plain } from "./plain.ts";
import { STYLE, VIEWER } from "./viewer.ts";

const TITLE_BYTES = 300;

/**
 * A page that shows a verdict: what was found in words, the core and its dependencies, and all operations as bars to look around in.
 * It is one file that fetches nothing, reads without scripts, and holds a few elements only, however long the history is: the
 * bars are painted, not built. At most 20,000 of them are taken up, 5 MB; of a longer history those around the core. The same
 * arguments give the same page.
 */
export function reportOf(
  recording: Recording,
  model: Model,
  verdict: Verdict,
  title = "a history",
): string {
  const found = barsOf(recording);
  const core = verdict.type === "violation" ? verdict.core : [];
  const name = plain(modelName(model), TITLE_BYTES);
  const drawing = drawingOf(found, core);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${verdict.type}: ${name}: ${plain(title, TITLE_BYTES)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${plain(title, TITLE_BYTES)}</h1>
${findings(name, verdict, found)}
<h2>The history</h2>
${counts(found.bars, drawing)}
${timeline(drawing)}
</main>
<script type="application/json" id="data">${scriptJson(drawing)}</script>
<script>${VIEWER}</script>
</body>
</html>
`.text;
}

function counts(bars: readonly Bar[], drawing: Drawing): Markup {
  const of = (outcome: Bar["outcome"]): number =>
    bars.reduce((sum, bar) => sum + Number(bar.outcome === outcome), 0);
  const processes = new Set(bars.map(({ process }) => process)).size;
  const across = drawing.timed
    ? html`Times run from left to right, from ${drawing.origin} to ${drawing.origin + drawing.end - 1}.`
    : html`There are no times: bars stand in the order of their session.`;
  const shown =
    drawing.index.length < bars.length
      ? html` Only ${drawing.index.length} are drawn, around the core.`
      : html``;
  return html`<p>${bars.length} operations of ${processes} processes: ${of("ok")} ok, ${of("failed")} failed, ${of("unknown")} unknown.${shown} ${across}</p>`;
}

function timeline({ core }: Drawing): Markup {
  const toCore =
    core.length > 0 ? html`<button type="button" id="next">Next of the core (n)</button>` : html``;
  return html`<noscript><p>The drawing needs scripts; all that was found stands above without them.</p></noscript>
<p class="legend"><span class="ok">ok</span> <span class="failed">failed</span> <span class="unknown">unknown</span> <span class="core">core</span></p>
<p><button type="button" id="in">Closer (+)</button> <button type="button" id="out">Further (-)</button> ${toCore}
<span id="keys">Arrows go from operation to operation, Home and End to the ends of a process, n and p through the core.</span></p>
<div id="view" tabindex="0" role="application" aria-label="All operations, a lane for each process" aria-describedby="keys"><div id="room"><canvas id="canvas" aria-hidden="true"></canvas></div></div>
<div id="details" role="status">Point at an operation, or choose one, to see what it did.</div>`;
}
