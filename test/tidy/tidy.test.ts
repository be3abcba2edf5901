import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PACKAGES = ["kernel", "verify", "http2", "sim", "torture", "server", "quorate"] as const;

/** Who may import whom, by package: what is not listed is forbidden (design, Packages). */
const MAY_IMPORT: Readonly<Record<(typeof PACKAGES)[number], readonly string[]>> = {
  kernel: [],
  verify: [],
  http2: [],
  sim: ["@quorate/kernel", "@quorate/verify"],
  torture: ["@quorate/verify"],
  server: ["@quorate/http2", "@quorate/kernel"],
  quorate: [
    "@quorate/http2",
    "@quorate/kernel",
    "@quorate/server",
    "@quorate/sim",
    "@quorate/torture",
    "@quorate/verify",
  ],
};

/** Inside the kernel: core ← {protocols, machines} ← replica; no protocol and no machine reaches into another room. */
const KERNEL_ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: ["core"],
  protocols: ["core", "protocols"],
  machines: ["core", "machines"],
  replica: ["core", "protocols", "machines", "replica"],
};

/** The kernel, the checkers and the world have no clock, no chance, no I/O (style §7). */
const PURE = ["kernel", "verify", "sim"];
const BANNED =
  /\b(Date|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|Promise|(?<!-)async|await|process(?=\.)|crypto|fetch|performance|Buffer|TextEncoder|TextDecoder|Math\.(?:exp|log|log2|log10|pow|sin|cos|tan|sqrt))\b|["']node:/;

/** As above, less the text codecs: what a browser's worker has and that depends on nothing is allowed. */
const HTTP2_BANNED =
  /\b(Date|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|Promise|(?<!-)async|await|process(?=\.)|crypto|fetch|performance|Buffer)\b|["']node:/;

const LINES_MAX = 500;

interface Source {
  readonly path: string;
  readonly pkg: string;
  readonly text: string;
  /** Without comments and texts, for scans that look at code alone. */
  readonly code: string;
}

const sources: readonly Source[] = PACKAGES.flatMap((pkg) =>
  filesIn(join(ROOT, "packages", pkg, "src")).map((path) => {
    const text = readFileSync(path, "utf8");
    return { path: relative(ROOT, path), pkg, text, code: withoutComments(text) };
  }),
);

describe("walls", () => {
  it("packages import only what design.md allows", () => {
    none(
      sources.flatMap((source) =>
        importsOf(source)
          .filter((name) => isForbidden(source, name))
          .map((name) => `${source.path} imports ${name}`),
      ),
    );
  });

  it("the protocol of HTTP/2 is pure: only its host folder touches sockets and clocks", () => {
    const pure = sources.filter(({ path }) => path.startsWith("packages/http2/src/protocol/"));
    none(pure.flatMap(({ path, code }) => findings(path, code, HTTP2_BANNED)));
  });

  it("rooms of the kernel import inward only, and no protocol another", () => {
    none(sources.filter(({ pkg }) => pkg === "kernel").flatMap(wrongRooms));
  });

  it("nobody reaches past another folder's door", () => {
    none(sources.flatMap(deepImports));
  });
});

describe("determinism", () => {
  it("pure packages name no clock, no chance and no I/O", () => {
    const pure = sources.filter(({ pkg, path }) => PURE.includes(pkg) && !path.includes("/bin/"));
    none(pure.flatMap(({ path, code }) => findings(path, code, BANNED)));
  });

  it("no module keeps state of its own: two clusters share a process", () => {
    none(sources.flatMap(({ path, code }) => findings(path, code, /^let /m)));
  });
});

describe("promises", () => {
  it("every early message says why it promises nothing", () => {
    const silent = sources
      .filter(({ path }) => path.includes("kernel/src/protocols/"))
      .flatMap(({ path, text }) => earlySites(path, text));
    none(silent);
  });

  it("no configuration can switch off a safety rule: only the simulator's command speaks of them", () => {
    const told = sources.filter(
      ({ pkg, path, code }) =>
        (pkg === "server" || pkg === "quorate") &&
        !path.includes("/commands/sim/") &&
        /\brules\b/.test(code),
    );
    none(told.map(({ path }) => path));
  });
});

describe("shape", () => {
  it("no type is talked out of its check", () => {
    const escapes =
      /\bas any\b|: any\b|@ts-ignore|@ts-expect-error|biome-ignore|oxlint-disable|^\s*(export )?(const )?enum |^\s*(export )?namespace /;
    none(sources.flatMap(({ path, code }) => findings(path, code, escapes)));
  });

  it(`no file is longer than ${LINES_MAX} lines`, () => {
    const long = sources.filter(({ text }) => text.split("\n").length > LINES_MAX);
    none(long.map(({ path, text }) => `${path}: ${text.split("\n").length}`));
  });

  it("no room is called utils, helpers, types or common", () => {
    none(
      sources
        .filter(({ path }) => /\/(utils|helpers|types|common)(\.ts|\/)/.test(path))
        .map(({ path }) => path),
    );
  });

  it("the lock file names no host", () => {
    const lock = readFileSync(join(ROOT, "package-lock.json"), "utf8");
    none(lock.match(/"resolved": "http[^"]*"/g) ?? []);
  });
});

function none(found: readonly string[]): void {
  expect(found.join("\n")).toBe("");
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesIn(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

function importsOf({ text }: Source): readonly string[] {
  return [...text.matchAll(/(?:^|[\s}])(?:from|import\()\s*"([^"]+)"/gm)].map(
    (match) => match[1] as string,
  );
}

function isForbidden({ pkg, path }: Source, name: string): boolean {
  const pure = pkg === "kernel" || pkg === "verify" || pkg === "sim";
  if (name.startsWith(".")) return false;
  if (name.startsWith("node:")) return pure && !path.includes("/bin/");
  if (!name.startsWith("@quorate/")) return pure;
  const scope = name.split("/").slice(0, 2).join("/");
  return !MAY_IMPORT[pkg as (typeof PACKAGES)[number]].includes(scope);
}

function wrongRooms(source: Source): readonly string[] {
  const [room, folder] = roomOf(source.path);
  return importsOf(source).flatMap((name) => {
    if (!name.startsWith(".")) return [];
    const [other, otherFolder] = roomOf(join(source.path, "..", name));
    const allowed = KERNEL_ROOMS[room]?.includes(other) ?? false;
    const stranger = room === "protocols" && other === "protocols" && folder !== otherFolder;
    return allowed && !stranger ? [] : [`${source.path} imports ${name}`];
  });
}

function roomOf(path: string): readonly [room: string, folder: string] {
  const parts = path.split("packages/kernel/src/")[1]?.split("/") ?? [];
  return [parts[0] ?? "", parts[1] ?? ""];
}

/** A folder with an index.ts is entered by it, from outside; inside the folder and its own subfolders files meet freely. */
function deepImports(source: Source): readonly string[] {
  const folder = join(source.path, "..");
  return importsOf(source).flatMap((name) => {
    if (!name.startsWith(".") || name.endsWith("/index.ts")) return [];
    const target = join(folder, name);
    const home = join(target, "..");
    if (folder === home || folder.startsWith(`${home}/`) || isCore(target)) return [];
    return hasDoor(home) ? [`${source.path} imports ${name} past its index.ts`] : [];
  });
}

/** The machines' rooms take single files of core, whose door would close a circle. */
const isCore = (target: string): boolean => target.startsWith("packages/kernel/src/core/");

function hasDoor(folder: string): boolean {
  try {
    return statSync(join(ROOT, folder, "index.ts")).isFile();
  } catch {
    return false;
  }
}

function earlySites(path: string, text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, i) => {
    if (!/\bsendEarly\(|\broundMessage\(/.test(line) || /function |import |^\s*\*/.test(line))
      return [];
    if (/^\s*sendEarly,$/.test(line) || /roundMessage\(/.test(line)) return [];
    const above = lines.slice(Math.max(0, i - 14), i + 1).join("\n");
    return /Early[:.]| Early/.test(above)
      ? []
      : [`${path}:${i + 1} sends early and does not say why`];
  });
}

function findings(path: string, code: string, pattern: RegExp): readonly string[] {
  return code
    .split("\n")
    .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1} ${line.trim()}`] : []));
}

/** Comments become blanks, so that line numbers stay; texts stay, but for template literals' own words. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|[^:"'`])\/\/[^\n]*/g, "$1");
}
