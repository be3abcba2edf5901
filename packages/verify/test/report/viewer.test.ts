import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { drawingOf } from "../../src/report/drawing.ts";
import { VIEWER } from "../../src/report/viewer.ts";

/** What stands in for an element: a browser's own are not to be had here. */
interface FakeElement {
  readonly listeners: Map<string, (event: object) => void>;
  readonly style: Record<string, string>;
  textContent: string;
  scrollLeft: number;
  scrollTop: number;
  [name: string]: unknown;
}

function element(text = ""): FakeElement {
  const listeners = new Map<string, (event: object) => void>();
  return {
    listeners,
    style: {},
    textContent: text,
    scrollLeft: 0,
    scrollTop: 0,
    clientWidth: 1000,
    clientHeight: 400,
    addEventListener: (type: string, listener: (event: object) => void) =>
      void listeners.set(type, listener),
    getBoundingClientRect: () => ({ left: 0, top: 0 }),
    scrollIntoView: () => {},
    focus: () => {},
  };
}

type Painted = readonly [style: string, x: number, y: number, width: number, height: number];

/** The page with its script run: what it painted last, and what can be done to it. */
function page(operations: number, core: readonly number[]) {
  const bars = Array.from({ length: operations }, (_, index) => ({
    index,
    process: index % 10,
    from: 100 + 10 * index,
    to: index === 2 ? Number.POSITIVE_INFINITY : 100 + 10 * index + 50,
    outcome: index === 2 ? ("unknown" as const) : ("ok" as const),
    text: () => `<b>${index}</b>`,
  }));
  const data = JSON.stringify(drawingOf({ timed: true, bars }, core));
  const elements = new Map(
    ["view", "room", "canvas", "details", "in", "out", "next"].map((id) => [id, element()]),
  );
  elements.set("data", element(data));
  const at = (id: string): FakeElement => {
    const found = elements.get(id);
    if (found === undefined) throw new Error(`no element ${id}`);
    return found;
  };
  // A browser scrolls no further than there is something to see.
  for (const [name, side, size] of [
    ["scrollLeft", "width", 1000],
    ["scrollTop", "height", 400],
  ] as const) {
    let scrolled = 0;
    Object.defineProperty(at("view"), name, {
      get: () => scrolled,
      set: (to: number) => {
        const room = Number.parseFloat(at("room").style[side] ?? "0");
        scrolled = Math.max(0, Math.min(to, room - size));
      },
    });
  }
  let painted: Painted[] = [];
  let texts = 0;
  const context = {
    fillStyle: "",
    strokeStyle: "",
    setTransform: () => {},
    clearRect: () => {
      painted = [];
      texts = 0;
    },
    fillRect: (...box: [number, number, number, number]) =>
      void painted.push([context.fillStyle, ...box]),
    strokeRect: (...box: [number, number, number, number]) =>
      void painted.push([context.strokeStyle, ...box]),
    fillText: () => void texts++,
  };
  at("canvas")["getContext"] = () => context;
  const frames: (() => void)[] = [];
  const flush = (): void => {
    for (const frame of frames.splice(0)) frame();
  };
  const document = { ...element(), getElementById: (id: string) => elements.get(id) ?? null };
  runInNewContext(VIEWER.text, {
    document,
    window: { ...element(), devicePixelRatio: 2 },
    requestAnimationFrame: (frame: () => void) => void frames.push(frame),
  });
  flush();
  const fire = (target: FakeElement, type: string, event: object): void => {
    target.listeners.get(type)?.({ preventDefault: () => {}, ...event });
    flush();
  };
  return {
    at,
    painted: (style: string) => painted.filter(([color]) => color === style),
    texts: () => texts,
    key: (key: string) => fire(at("view"), "keydown", { key }),
    move: (clientX: number, clientY: number) => fire(at("view"), "mousemove", { clientX, clientY }),
    press: (id: string) => fire(at(id), "click", {}),
    follow: (operation: number) => {
      const link = { getAttribute: () => String(operation) };
      fire(document, "click", { target: { closest: () => link } });
    },
  };
}

const CORE = "#c62828";
const OK = "#2e7d32";
const CHOSEN = "#0d47a1";

describe("the script of a page", () => {
  it("begins at the core, in the middle of the view, and tells of it", () => {
    const shown = page(10_000, [5000, 5003]);
    expect(shown.painted(CORE)).toHaveLength(2);
    for (const [, x] of shown.painted(CORE)) {
      expect(x).toBeGreaterThan(66);
      expect(x).toBeLessThan(1000);
    }
    expect(shown.at("details").textContent).toBe(
      "operation 5000, of the core, process 0, ok\nfrom 50100 to 50150\n<b>5000</b>",
    );
  });

  it("paints what is in view only", () => {
    const shown = page(10_000, [5000, 5003]);
    expect(shown.painted(OK).length).toBeGreaterThan(0);
    expect(shown.painted(OK).length).toBeLessThan(100);
    expect(shown.texts()).toBeLessThan(100);
    for (let i = 0; i < 30; i++) shown.press("out");
    expect(shown.painted(OK).length).toBeGreaterThan(9000);
    expect(shown.texts()).toBeLessThan(100);
  });

  it("shows all of a history without a core", () => {
    const shown = page(100, []);
    expect(shown.painted(OK)).toHaveLength(99);
    expect(shown.painted("#f9c067")).toHaveLength(1);
  });

  it("is led by keys: along a process, across processes, through the core, closer and further", () => {
    const shown = page(100, [50, 53]);
    const after = (key: string): string => {
      shown.key(key);
      return /operation (\d+)/.exec(shown.at("details").textContent)?.[1] ?? "";
    };
    expect(["ArrowRight", "ArrowLeft", "n", "n", "p"].map(after)).toEqual([
      "60",
      "50",
      "53",
      "50",
      "53",
    ]);
    expect(["ArrowUp", "ArrowDown", "Home", "ArrowLeft", "End"].map(after)).toEqual([
      "52",
      "53",
      "3",
      "3",
      "93",
    ]);
    const width = (): number => Number.parseFloat(shown.at("room").style["width"] ?? "");
    const before = width();
    shown.key("+");
    expect(width()).toBeGreaterThan(1.9 * before);
    shown.key("-");
    expect(width()).toBeCloseTo(before, 0);
    expect(shown.painted(CHOSEN)).toHaveLength(1);
  });

  it("tells of what is pointed at, and goes where a link leads", () => {
    const shown = page(100, [50]);
    shown.follow(7);
    expect(shown.at("details").textContent).toContain("operation 7, process 7");
    const [, x, y] = shown.painted(CHOSEN)[0] ?? ["", 0, 0];
    shown.move(Number(x) + 4, Number(y) + 4);
    expect(shown.at("details").textContent).toContain("operation 7,");
    shown.follow(12_345);
    expect(shown.at("details").textContent).toContain("operation 7,");
  });

  it("draws nothing of an empty history, and does not stumble", () => {
    const shown = page(0, []);
    shown.key("ArrowRight");
    shown.key("+");
    expect(shown.painted(OK)).toEqual([]);
  });
});
