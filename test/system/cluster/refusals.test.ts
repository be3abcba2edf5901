import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Finished, freePort, type Running, Stage } from "./processes.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.clean());

interface Place {
  readonly client: number;
  readonly peer: number;
  readonly dataDir: string;
}

const newPlace = async (name: string): Promise<Place> => ({
  client: await freePort(),
  peer: await freePort(),
  dataDir: join(stage.directory, name),
});

const flags = ({ client, peer, dataDir }: Place, ...more: string[]): string[] => [
  "--listen-client-urls",
  `http://127.0.0.1:${client}`,
  "--listen-peer-urls",
  `http://127.0.0.1:${peer}`,
  "--data-dir",
  dataDir,
  ...more,
];

async function serving(args: readonly string[]): Promise<Running> {
  const node = stage.node(args);
  await node.says(/^cluster ready$/m);
  return node;
}

async function ended(node: Running): Promise<Finished> {
  node.signal("SIGTERM");
  const finished = await node.ends();
  expect(finished.exit).toBe(0);
  return finished;
}

const refused = (args: readonly string[]): Promise<Finished> => stage.node(args).ends();

describe("a data directory", () => {
  it("that another process uses is refused, with who it is", async () => {
    const place = await newPlace("a");
    const node = await serving(flags(place));
    const other = { ...(await newPlace("b")), dataDir: place.dataDir };
    const { exit, err } = await refused(flags(other));
    expect(err).toContain(`is in use by process ${node.pid}`);
    expect(exit).toBe(1);
  });

  it("of another cluster is refused, with both, and left as it was", async () => {
    const place = await newPlace("a");
    const cluster = ["--name", "a", "--initial-cluster", `a=127.0.0.1:${place.peer}`];
    await ended(await serving(flags(place, ...cluster, "--initial-cluster-token", "one")));
    const before = readFileSync(join(place.dataDir, "node.json"), "utf8");
    const { exit, err } = await refused(flags(place, ...cluster, "--initial-cluster-token", "two"));
    expect(err).toMatch(
      /belongs to node \d+ of cluster \d+, but .* found cluster \d+: choose another --data-dir/s,
    );
    expect(exit).toBe(1);
    expect(readFileSync(join(place.dataDir, "node.json"), "utf8")).toBe(before);
    await serving(flags(place, ...cluster, "--initial-cluster-token", "one"));
  });

  it("of another name is refused, with both, and left as it was", async () => {
    const place = await newPlace("a");
    await ended(await serving(flags(place, "--name", "a")));
    const before = readFileSync(join(place.dataDir, "node.json"), "utf8");
    const { exit, err } = await refused(flags(place, "--name", "b"));
    expect(err).toMatch(
      /belongs to node \d+, which is called a, but --name says b: start it with --name a, or choose another --data-dir/,
    );
    expect(exit).toBe(1);
    expect(readFileSync(join(place.dataDir, "node.json"), "utf8")).toBe(before);
    await serving(flags(place, "--name", "a"));
  });

  it("whose node.json is of a release that wrote no name there goes on under any", async () => {
    const place = await newPlace("a");
    await ended(await serving(flags(place, "--name", "a")));
    const file = join(place.dataDir, "node.json");
    const { name, ...earlier } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    expect(name).toBe("a");
    writeFileSync(file, JSON.stringify(earlier));
    await serving(flags(place, "--name", "b"));
  });

  it("whose peer port has moved goes on, and says what the members have to be told", async () => {
    const place = await newPlace("a");
    await ended(await serving(flags(place)));
    const moved = { ...place, peer: await freePort() };
    const node = await serving(flags(moved));
    const [line] = await node.says(/.*the members know this node under another peer address.*/);
    expect(line).toContain(`127.0.0.1:${place.peer}`);
    expect(line).toContain(`quorate member update default 127.0.0.1:${moved.peer}`);
    const update = ["member", "update", "default", `127.0.0.1:${moved.peer}`];
    const at = ["--endpoints", `127.0.0.1:${place.client}`];
    expect(await stage.run([...update, ...at])).toMatchObject({ exit: 0 });
    await ended(node);
    const { out, err } = await ended(await serving(flags(moved)));
    expect(out + err).not.toContain("under another peer address");
  });

  it("of another format is refused by its version", async () => {
    const place = await newPlace("a");
    mkdirSync(place.dataDir);
    const later = { format: 99, cluster: "1", node: "2", created: "2030-01-01T00:00:00.000Z" };
    writeFileSync(join(place.dataDir, "node.json"), JSON.stringify(later));
    const { exit, err } = await refused(flags(place));
    expect(err).toContain("is no node.json of this release");
    expect(exit).toBe(1);
  });

  it("with a damaged journal stops a lone node, which nobody can repair, and says where", async () => {
    const place = await newPlace("a");
    await serving(flags(place)).then(async (node) => {
      for (const n of ["1", "2", "3"]) {
        const put = ["put", `k${n}`, "v".repeat(1000), "--endpoints", `127.0.0.1:${place.client}`];
        expect(await stage.run(put)).toMatchObject({ exit: 0 });
      }
      await ended(node);
    });
    const journal = join(place.dataDir, "journal");
    const segment = join(
      journal,
      readdirSync(journal).filter((name) => name.endsWith(".seg"))[0] ?? "",
    );
    const at = readFileSync(segment).indexOf("v".repeat(1000));
    const file = openSync(segment, "r+");
    writeSync(file, "X", at + 500);
    closeSync(file);
    const { exit, err } = await refused(flags(place));
    expect(err).toMatch(/the journal is damaged .*\.seg, offset \d+: .*restore a backup/is);
    expect(exit).toBe(1);
  });
});

describe("two nodes with one id", () => {
  it("a founder that lost its data directory is not let begin again", async () => {
    const places = [await newPlace("a"), await newPlace("b"), await newPlace("c")];
    const cluster = places.map(({ peer }, i) => `${"abc"[i]}=127.0.0.1:${peer}`).join();
    const argsOf = (i: number): string[] => {
      const place = places[i];
      if (place === undefined) throw new Error("there are three");
      return flags(place, "--name", "abc"[i] ?? "", "--initial-cluster", cluster);
    };
    const [, , third] = await Promise.all([0, 1, 2].map((i) => serving(argsOf(i))));
    if (third === undefined) throw new Error("there are three");
    await ended(third);
    rmSync(places[2]?.dataDir ?? "", { recursive: true });
    const { exit, err } = await refused(argsOf(2));
    expect(err).toContain("was started before with another data directory");
    expect(exit).toBe(1);
  });

  it("a copy of a directory that is in use does not get the port under which the members know it", async () => {
    const place = await newPlace("a");
    await serving(flags(place));
    const copy = { ...(await newPlace("b")), peer: place.peer };
    cpSync(place.dataDir, copy.dataDir, { recursive: true });
    const { exit, err } = await refused(flags(copy));
    expect(err).toContain(`the peer port 127.0.0.1:${place.peer} is in use`);
    expect(exit).toBe(1);
  });

  it("a copy of a directory that is in use stops on any other port, and the original goes on", async () => {
    const place = await newPlace("a");
    const original = await serving(flags(place));
    const copy = await newPlace("b");
    cpSync(place.dataDir, copy.dataDir, { recursive: true });
    const { exit, out, err } = await refused(flags(copy));
    expect(err).toContain(
      `another node with this id is running at 127.0.0.1:${place.peer}: this directory is a copy`,
    );
    expect(out).not.toContain("cluster ready");
    expect(exit).toBe(1);
    await original.says(/another process has this node's id/);
    const put = ["put", "k", "v", "--endpoints", `127.0.0.1:${place.client}`];
    expect(await stage.run(put)).toMatchObject({ exit: 0 });
  });

  it("a copy stops whichever of three members it is one of, though all are up", async () => {
    const places = [await newPlace("a"), await newPlace("b"), await newPlace("c")];
    const cluster = places.map(({ peer }, i) => `${"abc"[i]}=127.0.0.1:${peer}`).join();
    const named = (i: number): string[] => ["--name", "abc"[i] ?? "", "--initial-cluster", cluster];
    await Promise.all(places.map((place, i) => serving(flags(place, ...named(i)))));
    for (const [i, place] of places.entries()) {
      const copy = await newPlace(`copy-${i}`);
      cpSync(place.dataDir, copy.dataDir, { recursive: true });
      const advertised = ["--initial-advertise-peer-urls", `http://127.0.0.1:${place.peer}`];
      const { exit, err } = await refused(flags(copy, ...named(i), ...advertised));
      expect(err).toContain(`another node with this id is running at 127.0.0.1:${place.peer}`);
      expect(exit).toBe(1);
      const put = ["put", "k", "v", "--endpoints", `127.0.0.1:${place.client}`];
      expect(await stage.run(put)).toMatchObject({ exit: 0 });
    }
  });
});

describe("a change of the members", () => {
  it("that would leave no majority is refused in plain words: the only voter cannot go", async () => {
    const place = await newPlace("a");
    await serving(flags(place));
    const remove = ["member", "remove", "default", "--endpoints", `127.0.0.1:${place.client}`];
    const { exit, err } = await stage.run(remove);
    expect(err).toContain("fewer started members than a majority");
    expect(exit).toBe(1);
  });
});

describe("settings", () => {
  it.each(["client", "peer"] as const)(
    "a taken %s port is named, with the flag that moves it",
    async (which) => {
      const place = await newPlace("a");
      const squatter = net.createServer();
      await new Promise<void>((resolve) => squatter.listen(place[which], "127.0.0.1", resolve));
      try {
        const { exit, err } = await refused(flags(place));
        expect(err).toContain(`the ${which} port 127.0.0.1:${place[which]} is in use`);
        expect(err).toContain(`--listen-${which}-urls`);
        expect(exit).toBe(1);
        expect(existsSync(place.dataDir)).toBe(false);
      } finally {
        await new Promise((resolve) => squatter.close(resolve));
      }
    },
  );

  it("a name that the initial cluster lacks is told with those that it has", async () => {
    const place = await newPlace("a");
    const cluster = `x=127.0.0.1:${place.peer},y=127.0.0.1:${await freePort()}`;
    const { exit, err } = await refused(flags(place, "--name", "z", "--initial-cluster", cluster));
    expect(err).toContain("this node is called z, but --initial-cluster names x, y");
    expect(exit).toBe(1);
  });

  it("an open peer port needs to be asked for: exit 2, before anything is written", async () => {
    const place = await newPlace("a");
    const open = flags(place, "--listen-peer-urls", `http://0.0.0.0:${place.peer}`);
    const { exit, err } = await refused(open);
    expect(err).toContain("--insecure-peers");
    expect(exit).toBe(2);
    expect(readdirSync(stage.directory)).toEqual([]);
  });
});
