import { Markup } from "./markup.ts";

export const STYLE = Markup.trusted(`
:root{color-scheme:light;font:15px/1.45 system-ui,sans-serif;color:#1b1b1b;background:#fff}
main{max-width:1200px;margin:0 auto;padding:1rem}
h1{font-size:1.3rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:1.6rem}
code{overflow-wrap:anywhere;white-space:pre-wrap}
.verdict{padding:.6rem .8rem;border-left:6px solid}
.verdict.ok{border-color:#2e7d32;background:#edf7ed}.verdict.violation{border-color:#c62828;background:#fdecea}
.verdict.unknown{border-color:#b26a00;background:#fff4e0}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top}
th{background:#f4f4f4}tr:target{background:#fff4b8}
ol{max-height:20rem;overflow:auto}.wide{overflow-x:auto}
.cycle rect{fill:#fdecea;stroke:#c62828}.cycle text{font:13px ui-monospace,monospace}.cycle .number,.cycle .kind{font-weight:700}
.cycle .edge{fill:none;stroke:#333;stroke-width:1.6}.cycle a:focus rect{stroke-width:3}
.legend span{padding:.1rem .5rem;border:2px solid transparent}
.legend .ok{background:#2e7d32;color:#fff}.legend .failed{border-color:#757575}.legend .unknown{background:#f9c067}
.legend .core{background:#c62828;color:#fff}
#view{height:min(60vh,36rem);overflow:auto;border:1px solid #888}#view:focus-visible{outline:3px solid #1565c0}
#room{min-width:100%;min-height:100%}#canvas{position:sticky;left:0;top:0;display:block}
#details{min-height:6.5em;padding:.5rem;border:1px solid #ccc;border-top:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,monospace}
`);

/**
 * The script of the page. It paints what the view stands over, so that its cost is that of the window and not of the history, and
 * writes texts of the history as text only, never as markup.
 */
export const VIEWER = Markup.trusted(String.raw`
(() => {
  "use strict";
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("data").textContent);
  const { processes, index, lane, from, length, end, outcome, text, core } = data;
  const LANE = 22, BAR = 15, HEAD = 22, GUTTER = 66, WIDEST = 8e6, NARROWEST = 3;
  const OUTCOMES = { o: "ok", f: "failed", u: "unknown" };
  const view = find("view"), room = find("room"), canvas = find("canvas"), details = find("details");
  const context = canvas.getContext("2d");
  const inCore = new Set(core);
  const placeOf = new Map(index.map((operation, place) => [operation, place]));
  const lanes = processes.map(() => []);
  lane.forEach((number, place) => lanes[number].push(place));
  for (const places of lanes) places.sort((a, b) => from[a] - from[b] || a - b);
  let scale = 0, chosen = -1, pointed = -1, waiting = false;

  const endOf = (i) => (length[i] < 0 ? end : from[i] + length[i]);
  const least = () => Math.min(WIDEST, Math.max(1, view.clientWidth - GUTTER - 8)) / end;
  const leftOf = (i) => GUTTER + from[i] * scale - view.scrollLeft;
  const rightOf = (i) => Math.max(leftOf(i) + NARROWEST, GUTTER + endOf(i) * scale - view.scrollLeft);
  const topOf = (i) => HEAD + lane[i] * LANE - view.scrollTop + (LANE - BAR) / 2;

  function paint() {
    waiting = false;
    const width = view.clientWidth, height = view.clientHeight, ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = width + "px";
      canvas.style.height = height + "px";
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px ui-monospace, monospace";
    context.textBaseline = "middle";
    const first = Math.max(0, Math.floor(view.scrollTop / LANE));
    const last = Math.min(lanes.length - 1, Math.floor((view.scrollTop + height - HEAD) / LANE));
    for (let n = first; n <= last; n++) {
      if (n % 2 === 1) continue;
      context.fillStyle = "#f6f6f6";
      context.fillRect(0, HEAD + n * LANE - view.scrollTop, width, LANE);
    }
    for (let n = first; n <= last; n++) for (const i of lanes[n]) if (!inCore.has(i)) bar(i, width);
    for (const i of core) if (lane[i] >= first && lane[i] <= last) bar(i, width);
    margins(first, last, width, height);
  }

  function bar(i, width) {
    const left = Math.max(GUTTER - 2, leftOf(i)), right = Math.min(width + 2, rightOf(i)), top = topOf(i);
    if (right < GUTTER || left > width) return;
    const size = Math.max(1, right - left);
    if (outcome[i] === "f" && !inCore.has(i)) {
      context.strokeStyle = "#757575";
      context.lineWidth = 1;
      context.strokeRect(left + 0.5, top + 0.5, Math.max(1, size - 1), BAR - 1);
    } else {
      context.fillStyle = inCore.has(i) ? "#c62828" : outcome[i] === "u" ? "#f9c067" : "#2e7d32";
      context.fillRect(left, top, size > 4 ? size - 1 : size, BAR);
    }
    if (i === chosen || i === pointed) {
      context.strokeStyle = i === chosen ? "#0d47a1" : "#64b5f6";
      context.lineWidth = 3;
      context.strokeRect(left - 1, top - 1, size + 2, BAR + 2);
    }
    if (size < 48) return;
    context.fillStyle = inCore.has(i) || outcome[i] === "o" ? "#fff" : "#1b1b1b";
    context.fillText(text[i].slice(0, Math.floor((size - 8) / 7.3)), left + 4, top + BAR / 2 + 1);
  }

  function margins(first, last, width, height) {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, HEAD);
    context.fillRect(0, 0, GUTTER - 2, height);
    context.fillStyle = "#333";
    context.textAlign = "right";
    for (let n = first; n <= last; n++) {
      const y = HEAD + n * LANE - view.scrollTop + LANE / 2;
      if (y >= HEAD) context.fillText(String(processes[n]), GUTTER - 8, y);
    }
    context.textAlign = "left";
    let step = 1;
    while (step * scale < 110) step *= String(step)[0] === "2" ? 2.5 : 2;
    for (let at = Math.floor(view.scrollLeft / scale / step) * step; ; at += step) {
      const x = GUTTER + at * scale - view.scrollLeft;
      if (x > width || at > end) break;
      if (x < GUTTER) continue;
      context.fillRect(x, HEAD - 5, 1, 5);
      context.fillText(String(data.origin + at), x + 3, HEAD / 2 - 1);
    }
  }

  function later() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(paint);
  }

  function resize() {
    scale = Math.max(scale, least());
    room.style.width = GUTTER + end * scale + 8 + "px";
    room.style.height = HEAD + lanes.length * LANE + 4 + "px";
    later();
  }

  function zoom(factor) {
    const middle = chosen >= 0 ? from[chosen] : (view.scrollLeft + view.clientWidth / 2) / scale;
    const before = middle * scale - view.scrollLeft;
    scale = Math.max(least(), Math.min(WIDEST / end, scale * factor));
    resize();
    view.scrollLeft = middle * scale - before;
  }

  function tell(i) {
    const to = length[i] < 0 ? "open" : data.origin + endOf(i);
    const marked = inCore.has(i) ? ", of the core" : "";
    details.textContent =
      "operation " + index[i] + marked + ", process " + processes[lane[i]] + ", " + OUTCOMES[outcome[i]] +
      (data.timed ? "\nfrom " + (data.origin + from[i]) + " to " + to : "\nplace " + (data.origin + from[i])) +
      "\n" + text[i];
  }

  function choose(i) {
    if (i === undefined || i < 0) return;
    chosen = i;
    tell(i);
    const x = GUTTER + from[i] * scale, y = HEAD + lane[i] * LANE;
    if (x < view.scrollLeft + GUTTER || x > view.scrollLeft + view.clientWidth - 40)
      view.scrollLeft = x - view.clientWidth / 2;
    if (y < view.scrollTop + HEAD || y > view.scrollTop + view.clientHeight - LANE)
      view.scrollTop = y - view.clientHeight / 2;
    later();
  }

  function under(event) {
    const box = view.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const places = lanes[Math.floor((y - HEAD + view.scrollTop) / LANE)];
    if (places === undefined || x < GUTTER || y < HEAD) return -1;
    const hits = places.filter((i) => leftOf(i) <= x && x <= rightOf(i));
    return hits.find((i) => inCore.has(i)) ?? hits[hits.length - 1] ?? -1;
  }

  function beside(by) {
    const places = lanes[lane[chosen]];
    return places[places.indexOf(chosen) + by];
  }

  function above(by) {
    const places = lanes[lane[chosen] + by] ?? [];
    return places.reduce((best, i) => (best === undefined || away(i) < away(best) ? i : best), undefined);
  }

  const away = (i) => Math.abs(from[i] - from[chosen]);
  const ofCore = (by) => core[(core.indexOf(chosen) + by + core.length) % core.length];
  const edge = (at) => lanes[lane[chosen]].at(at);

  const KEYS = {
    ArrowRight: () => choose(beside(1)),
    ArrowLeft: () => choose(beside(-1)),
    ArrowDown: () => choose(above(1)),
    ArrowUp: () => choose(above(-1)),
    Home: () => choose(edge(0)),
    End: () => choose(edge(-1)),
    n: () => choose(ofCore(1)),
    p: () => choose(ofCore(core.includes(chosen) ? -1 : 0)),
    "+": () => zoom(2),
    "=": () => zoom(2),
    "-": () => zoom(0.5),
  };

  view.addEventListener("keydown", (event) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key];
    if (action === undefined || index.length === 0) return;
    event.preventDefault();
    if (chosen < 0 && event.key.length > 1) choose(0);
    else action();
  });
  view.addEventListener("scroll", later, { passive: true });
  view.addEventListener("mousemove", (event) => {
    const i = under(event);
    if (i === pointed) return;
    pointed = i;
    if (i >= 0) tell(i);
    else if (chosen >= 0) tell(chosen);
    later();
  });
  view.addEventListener("click", (event) => choose(under(event)));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-operation]");
    const place = link === null ? undefined : placeOf.get(Number(link.getAttribute("data-operation")));
    if (place === undefined) return;
    event.preventDefault();
    view.scrollIntoView({ block: "nearest" });
    view.focus({ preventScroll: true });
    choose(place);
  });
  find("in").addEventListener("click", () => zoom(2));
  find("out").addEventListener("click", () => zoom(0.5));
  find("next")?.addEventListener("click", () => choose(ofCore(1)));
  window.addEventListener("resize", resize);

  resize();
  if (core.length > 0) {
    const first = Math.min(...core.map((i) => from[i]));
    const last = Math.max(...core.map((i) => (length[i] < 0 ? from[i] : endOf(i))));
    scale = Math.max(least(), Math.min(WIDEST / end, (0.6 * (view.clientWidth - GUTTER)) / Math.max(1, last - first)));
    resize();
    choose(core[0]);
    view.scrollLeft = ((first + last) / 2) * scale - (view.clientWidth - GUTTER) / 2;
  }
})();
`);
