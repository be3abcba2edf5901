import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  clusterId,
  keyspaceId,
  nodeId,
  type Outcome,
  type RequestId,
  ticks,
  utf8,
} from "@quorate/kernel/core";
import type { WatchEnd } from "@quorate/kernel/replica";
import { afterEach, describe, expect, test } from "vitest";
import {
  type Caller,
  DirectoryInUse,
  DirectoryUnusable,
  type Host,
  IN_FLIGHT_MAX,
  JournalDamaged,
  type NodeOptions,
  type OpenNode,
  openNode,
  silentLog,
  type WatchCaller,
} from "../../src/host/index.ts";
import { type Files, nodeFiles } from "../../src/journal/index.ts";
import { Ask, LedgerKernel } from "./ledger-kernel.ts";

const keyspace = keyspaceId(1);
const later = ticks(1e9);
const open: OpenNode[] = [];

afterEach(async () => {
  for (const { host } of open.splice(0)) await host.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const directories: string[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "quorate-"));
  directories.push(directory);
  return directory;
}

interface Node extends OpenNode {
  readonly kernel: LedgerKernel;
  readonly halted: Promise<string>;
}

async function start(
  dataDir: string,
  changes: Partial<NodeOptions> = {},
  voters = 1,
): Promise<Node> {
  const made: LedgerKernel[] = [];
  let halt: (reason: string) => void = () => {};
  const halted = new Promise<string>((resolve) => {
    halt = resolve;
  });
  const node = await openNode({
    dataDir,
    listenPeer: "127.0.0.1:0",
    identity: { cluster: clusterId(7n), node: nodeId(11n) },
    kernel: (identity, recovered) => {
      const kernel = new LedgerKernel(identity, recovered);
      kernel.voters = voters;
      made.push(kernel);
      return kernel;
    },
    log: silentLog,
    onHalt: halt,
    onJoin: () => Promise.reject(new Error("nobody joins here")),
    segmentBytes: 16 * 1024,
    freeBytesMin: 0,
    ...changes,
  });
  open.push(node);
  const [kernel] = made;
  if (kernel === undefined) throw new Error("openNode made no kernel");
  return { ...node, kernel, halted };
}

/** One caller that turns an answer into a promise, and notes whether it came from within the call. */
class Answer implements Caller {
  readonly outcome: Promise<Outcome>;
  settled = false;
  #resolve: (outcome: Outcome) => void = () => {};

  constructor() {
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onReply(_: RequestId, outcome: Outcome): void {
    expect(this.settled).toBe(false);
    this.settled = true;
    this.#resolve(outcome);
  }

  onReadable(): void {
    throw new Error("nobody asked to read");
  }
}

function ask(host: Host, kind: number, body = utf8("")): Answer {
  const answer = new Answer();
  host.request(answer, keyspace, kind, body, later);
  expect(answer.settled).toBe(false);
  return answer;
}

const write = (host: Host, line: number): Promise<Outcome> =>
  ask(host, 9, Uint8Array.of(line)).outcome;
const linesOf = (kernel: LedgerKernel): readonly number[] =>
  kernel.lines.map((line) => line[0] ?? -1);

/** A reader that counts how often it may look. */
class Reader implements Caller {
  looked = 0;
  readonly done: Promise<void>;
  #resolve: () => void = () => {};

  constructor() {
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onReply(_: RequestId, outcome: Outcome): void {
    throw new Error(`a read was refused: ${JSON.stringify(outcome)}`);
  }

  onReadable(): void {
    this.looked++;
    this.#resolve();
  }
}

test("a lease that is over by the time that its reader would look is asked for again", async () => {
  const { host, kernel } = await start(newDirectory());
  kernel.leases.push(host.now(), ticks(0));
  const reader = new Reader();
  host.read(reader, keyspace, "lease", later);
  await reader.done;
  expect(kernel.heard.filter(({ type }) => type === "Read")).toHaveLength(3);
  expect(reader.looked).toBe(1);
  expect(host.status().pending).toBe(0);
});

describe("a node on its data directory", () => {
  test("A5: what was answered is there after a restart, through journal and checkpoint", async () => {
    const dataDir = newDirectory();
    const first = await start(dataDir);
    for (const line of [1, 2, 3]) expect(await write(first.host, line)).toMatchObject({ ok: true });
    await ask(first.host, Ask.checkpoint).outcome;
    for (const line of [4, 5]) await write(first.host, line);
    await first.host.close();
    expect(first.kernel.released).toBe(1);

    const second = await start(dataDir);
    expect(second.kernel.recovered.checkpoints).toMatchObject([{ group: 1, covers: 3 }]);
    expect(linesOf(second.kernel)).toEqual([1, 2, 3, 4, 5]);
    expect(second.host.identity.start).not.toBe(first.host.identity.start);
  });

  test("a checkpoint that is damaged gives way to the one before it, and nothing is missing", async () => {
    const dataDir = newDirectory();
    const first = await start(dataDir);
    for (const line of [1, 2, 3, 4]) {
      await write(first.host, line);
      if (line % 2 === 1) continue;
      await ask(first.host, Ask.checkpoint).outcome;
    }
    await first.host.close();
    const newest = path.join(dataDir, "checkpoints", "1", "00000000000000000004.ckpt");
    const bytes = readFileSync(newest);
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    writeFileSync(newest, bytes);

    const second = await start(dataDir);
    expect(second.kernel.recovered.checkpoints).toMatchObject([{ group: 1, covers: 2 }]);
    expect(linesOf(second.kernel)).toEqual([1, 2, 3, 4]);
  });

  test("JN-2: a lone node with a damaged record does not start, and says which and where", async () => {
    const dataDir = newDirectory();
    const first = await start(dataDir);
    for (const line of [1, 2, 3]) await write(first.host, line);
    await first.host.close();
    const segment = path.join(dataDir, "journal", "00000000000000000001.seg");
    const offset = 48 + 21;
    flip(segment, offset + 21);

    const refused = start(dataDir);
    await expect(refused).rejects.toThrow(JournalDamaged);
    await expect(refused).rejects.toThrow(`${segment}, offset ${offset}: record 1 of group 1`);

    const replicated = await start(dataDir, {}, 3);
    expect(replicated.kernel.recovered.damaged).toEqual([1]);
    expect(linesOf(replicated.kernel)).toEqual([2, 3]);
  });

  test.each([
    ["all of the journal is gone", (file: string) => rmSync(file)],
    ["the header of its segment is damaged", (file: string) => flip(file, 3)],
    ["its segment is empty", (file: string) => writeFileSync(file, "")],
  ])(
    "JN-2: %s: the lone node stops, another is rebuilt, at the next start too",
    async (_, harm) => {
      const dataDir = newDirectory();
      const first = await start(dataDir);
      for (const line of [1, 2, 3]) await write(first.host, line);
      await first.host.close();
      harm(path.join(dataDir, "journal", "00000000000000000001.seg"));

      await expect(start(dataDir)).rejects.toThrow(JournalDamaged);
      const replicated = await start(dataDir, {}, 3);
      expect(replicated.kernel.recovered).toMatchObject({ damaged: [0], birthsLost: true });
      await write(replicated.host, 4);
      await replicated.host.close();
      const again = await start(dataDir, {}, 3);
      expect(again.kernel.recovered.birthsLost, "the gap tells it again").toBe(true);
      expect(again.kernel.recovered.damaged).toEqual([0, 1]);
      expect(linesOf(again.kernel)).toEqual([4]);
    },
  );

  test("only one node at a time, in this process or another", async () => {
    const dataDir = newDirectory();
    const first = await start(dataDir);
    const second = start(dataDir);
    await expect(second).rejects.toThrow(DirectoryInUse);
    await expect(second).rejects.toThrow(`in use by process ${process.pid}`);
    await first.host.close();
    await start(dataDir);
  });

  test("a directory of another node is refused, naming both", async () => {
    const dataDir = newDirectory();
    const first = await start(dataDir);
    await first.host.close();
    const other = { cluster: clusterId(8n), node: nodeId(12n) };
    const refused = start(dataDir, { identity: other });
    await expect(refused).rejects.toThrow(DirectoryUnusable);
    await expect(refused).rejects.toThrow(/node 11 of cluster 7.*node 12 of cluster 8/s);
    expect((await start(dataDir, { identity: null })).host.identity.node).toBe(11n);
  });
});

test("JN-3: a node whose sync failed answers nothing more and stops; restarted, it is clean", async () => {
  const dataDir = newDirectory();
  let failing = false;
  const files: Files = {
    ...nodeFiles,
    async open(file, mode) {
      const opened = await nodeFiles.open(file, mode);
      const refuse = (): void => {
        if (failing) throw new Error("EIO: i/o error");
      };
      return {
        ...opened,
        async sync() {
          refuse();
          await opened.sync();
        },
        async writeSynced(parts, at) {
          refuse();
          await (opened.writeSynced?.(parts, at) ?? opened.sync());
        },
        writeThrough(parts, at) {
          refuse();
          opened.writeThrough?.(parts, at);
        },
      };
    },
  };
  const { host, halted } = await start(dataDir, { files });
  await write(host, 1);
  failing = true;
  const lost = ask(host, 9, Uint8Array.of(2));
  expect(await halted).toBe("the disk failed: EIO: i/o error");
  expect(await lost.outcome).toMatchObject({ ok: false, code: "Timeout", definite: false });

  const again = await start(dataDir);
  expect(linesOf(again.kernel)[0]).toBe(1);
  expect(again.kernel.recovered.damaged).toEqual([]);
  expect(await write(again.host, 3)).toMatchObject({ ok: true });
});

test("two nodes: what waits for the disk is sent when it is durable, and arrives", async () => {
  const [a, b] = [
    await start(newDirectory()),
    await start(newDirectory(), { identity: { cluster: clusterId(7n), node: nodeId(12n) } }),
  ];
  const meet = (node: Node, id: number, address: string) =>
    ask(node.host, Ask.meet, utf8(JSON.stringify([{ node: id, address }]))).outcome;
  await meet(b, 11, a.peerAddress);
  await meet(a, 12, b.peerAddress);
  await a.kernel.hears((input) => input.type === "Link" && input.up);
  await write(a.host, 42);
  const frame = await b.kernel.hears((input) => input.type === "Frame");
  expect(frame).toEqual({ type: "Frame", from: 11n, bytes: Uint8Array.of(42) });
  await a.host.close();
  await b.kernel.hears((input) => input.type === "Link" && !input.up);
});

describe("requests", () => {
  test("beyond the bound are refused at once, though never from within the call", async () => {
    const { host } = await start(newDirectory());
    const waiting = Array.from({ length: IN_FLIGHT_MAX }, () => ask(host, Ask.silence));
    expect(await ask(host, 9).outcome).toMatchObject({
      ok: false,
      code: "Overloaded",
      definite: true,
    });
    expect(waiting.some(({ settled }) => settled)).toBe(false);
    expect(host.counters()["host_requests"]).toBe(IN_FLIGHT_MAX);
  });

  test("under way when the node closes end as unknown; those that come later as stopped", async () => {
    const { host } = await start(newDirectory());
    const silent = ask(host, Ask.silence);
    const closed = host.close();
    const late = ask(host, 9);
    await closed;
    expect(await silent.outcome).toMatchObject({ code: "Timeout", definite: false });
    expect(await late.outcome).toMatchObject({ code: "Stopped", definite: true });
  });

  test("that are cancelled are not answered", async () => {
    const { host, kernel } = await start(newDirectory());
    const answer = new Answer();
    const id = host.request(answer, keyspace, 9, utf8("x"), later);
    host.cancel(id);
    await write(host, 1);
    expect(answer.settled).toBe(false);
    expect(kernel.heard).toContainEqual({ type: "Cancel", id });
  });

  test("of one turn of the event loop reach the kernel in one turn, and share a sync", async () => {
    const { host, kernel } = await start(newDirectory());
    await write(host, 0);
    const { journal_batches: before = 0 } = host.counters();
    const turns = kernel.turns.length;
    await Promise.all(Array.from({ length: 100 }, (_, i) => write(host, i)));
    // One for the requests, one for what the disk said afterwards.
    expect(kernel.turns.length - turns).toBeLessThanOrEqual(2);
    expect(host.counters()["journal_batches"]).toBe(before + 1);
  });
});

describe("stopping", () => {
  test("drain hands leadership over, and then closes", async () => {
    const { host, kernel } = await start(newDirectory());
    kernel.voters = 3;
    kernel.leading = true;
    await write(host, 1);
    await host.drain(60_000);
    expect(kernel.heard.at(-1)).toEqual({ type: "Drain" });
    expect(kernel.leading).toBe(false);
  });

  test("a watch ends as lost when the node closes", async () => {
    const { host } = await start(newDirectory());
    const ended: WatchEnd[] = [];
    await new Promise<void>((opened) => {
      const watcher: WatchCaller = {
        onWatching: () => opened(),
        onEvents: () => {},
        onWatchEnded: (_, how) => ended.push(how),
      };
      host.watch(watcher, keyspace, utf8(""));
    });
    await host.close();
    expect(ended).toMatchObject([{ type: "Lost", failure: { code: "Stopped" } }]);
  });

  test("a halt closes at once and says why; a write under way is unknown", async () => {
    const { host, halted } = await start(newDirectory());
    const silent = ask(host, Ask.silence);
    const fatal = ask(host, Ask.halt);
    expect(await halted).toBe("it was asked to");
    expect(await silent.outcome).toMatchObject({ code: "Timeout", definite: false });
    expect(await fatal.outcome).toMatchObject({ code: "Timeout", definite: false });
  });
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = ~(bytes[at] ?? 0);
  writeFileSync(file, bytes);
}
