import { cpSync, readFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PutOutput } from "../../../packages/quorate/src/cli/outputs.ts";
import { endpointsOf, portBase, type Running, Stage } from "./processes.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.clean());

const pidsOf = (launcher: Running): readonly number[] =>
  [...launcher.out.matchAll(/process (\d+)/g)].map((match) => Number(match[1]));

async function valueAt(endpoint: string, key: string): Promise<string> {
  const { out, err } = await stage.run(["get", key, "--value-only", "--endpoints", endpoint]);
  return err === "" ? out : err;
}

describe("npm start", () => {
  it("serves a write of one node through another, drains on Ctrl-C and finds the data at the next start", async () => {
    const first = stage.launch("--port-base", portBase());
    const [one = "", two = "", three = ""] = await endpointsOf(first);
    const { revision } = await stage.json(PutOutput, [
      "put",
      "greeting",
      "hello",
      "--endpoints",
      one,
    ]);
    expect(revision).toBe("2");
    expect(await valueAt(two, "greeting")).toBe("hello\n");
    expect(await valueAt(three, "greeting")).toBe("hello\n");

    first.signal("SIGINT");
    expect(await first.ends()).toMatchObject({ exit: 0, err: "" });
    for (const name of ["n1", "n2", "n3"]) {
      expect(readFileSync(join(stage.directory, `${name}.log`), "utf8")).toMatch(/^stopped$/m);
    }

    const second = stage.launch();
    expect(await endpointsOf(second)).toEqual([one, two, three]);
    expect(await valueAt(two, "greeting")).toBe("hello\n");
    expect(
      await stage.json(PutOutput, ["put", "greeting", "again", "--endpoints", three]),
    ).toMatchObject({ revision: "3" });
  });

  it("keeps what it acknowledged when all three are killed at once", async () => {
    const first = stage.launch("--port-base", portBase());
    const [one = "", two = ""] = await endpointsOf(first);
    for (const n of ["1", "2", "3"]) {
      expect(await stage.run(["put", `k${n}`, n, "--endpoints", one])).toMatchObject({ exit: 0 });
    }
    for (const pid of pidsOf(first)) process.kill(pid, "SIGKILL");
    const { exit, err } = await first.ends();
    expect(exit).toBe(1);
    expect(err).toContain("n1 ended by SIGKILL; its last lines");

    await endpointsOf(stage.launch());
    const { out } = await stage.run(["get", "--prefix", "k", "--value-only", "--endpoints", two]);
    expect(out).toBe("1\n2\n3\n");
  });

  it("goes on serving while one node is dead", async () => {
    const launcher = stage.launch("--port-base", portBase());
    const endpoints = await endpointsOf(launcher);
    const [first = 0] = pidsOf(launcher);
    process.kill(first, "SIGKILL");
    await launcher.says(/n1 ended by SIGKILL/);
    const put = ["put", "k", "v", "--endpoints", endpoints.join()];
    expect(await stage.run(put)).toMatchObject({ exit: 0 });
  });

  it("stops its nodes when it is itself killed, so that the next start finds the ports free", async () => {
    const launcher = stage.launch("--port-base", portBase());
    const [one = ""] = await endpointsOf(launcher);
    await stage.run(["put", "k", "v", "--endpoints", one]);
    const watch = stage.command(["watch", "k", "--endpoints", one]);
    await watch.says(/watching at/);
    launcher.signal("SIGKILL");
    // The node ends its streams as it stops; the command then finds nobody there.
    expect(await watch.ends()).toMatchObject({ exit: 1 });
    await endpointsOf(stage.launch());
    expect(await valueAt(one, "k")).toBe("v\n");
  });

  it("refuses ports that there are not before it builds: exit 2", async () => {
    const root = join(import.meta.dirname, "../../..");
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    expect(scripts["start"]).toBe("node scripts/prepare.cjs && node scripts/build-and-start.ts");
    // Of the copied scripts alone: there is neither a compiler nor anything to build, so to try would fail otherwise.
    cpSync(join(root, "scripts"), join(stage.directory, "scripts"), { recursive: true });
    const script = join(stage.directory, "scripts/build-and-start.ts");
    const { exit, out, err } = await stage.script(script, ["--port-base", "35535"]).ends();
    expect(err).toContain("--port-base 35535 leads to port 65536: choose one from 1 to 35534");
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
  });

  it("takes the next block of ports where one is taken, and says so", async () => {
    const base = Number(portBase());
    const squatter = net.createServer();
    await new Promise<void>((resolve) => squatter.listen(base + 20_000, "127.0.0.1", resolve));
    try {
      const launcher = stage.launch("--port-base", String(base));
      await launcher.says(new RegExp(`port ${base + 20_000} is in use, trying the next block`));
      const [one = ""] = await endpointsOf(launcher);
      expect(Number(one.split(":")[1])).toBeGreaterThan(base);
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
  });

  it("does not move a cluster that was founded, because its members know each other by their ports", async () => {
    const first = stage.launch("--port-base", portBase());
    await endpointsOf(first);
    const second = await stage.launch().ends();
    expect(second.exit).toBe(1);
    expect(second.err).toMatch(/port \d+ is in use, and the cluster in .* was founded on it/);
    const moved = await stage.launch("--port-base", "9379").ends();
    expect(moved.err).toContain("leave --port-base out");
  });
});
