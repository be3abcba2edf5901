import { describe, expect, it } from "vitest";
import { FAULT_TYPES } from "../../src/faults/index.ts";
import { BadUsage, commandOf, parseOptions } from "../../src/run/options.ts";

const DRAWN = 77;
const parse = (line: string) => parseOptions(line === "" ? [] : line.split(" "), DRAWN);

describe("options", () => {
  it("without any: everything there is, on three members for a minute, from a drawn seed", () => {
    expect(parse("")).toMatchObject({ nodes: 3, millis: 60_000, seed: DRAWN, against: "quorate" });
    expect(parse("").faults).toEqual(FAULT_TYPES);
  });

  it("take families and single faults together, each once", () => {
    expect(parse("--faults crash,operator,crash").faults).toEqual(["crash", "moveLeader"]);
  });

  it("take times in their units", () => {
    expect(["1500ms", "2s", "1.5m", "1h"].map((text) => parse(`--for ${text}`).millis)).toEqual([
      1500, 2000, 90_000, 3_600_000,
    ]);
  });

  it.each([
    "--for 10",
    "--for 0s",
    "--for 25h",
    "--nodes 0",
    "--nodes 10",
    "--nodes 3x",
    "--rate 5001",
    "--faults gremlins",
    "--workloads poetry",
    "--against zookeeper",
    "--network telepathy",
    "--unheard of",
    "stray",
  ])("refuse %s", (line) => {
    expect(() => parse(line)).toThrow(BadUsage);
  });

  it("are told as a command that asks for the same", () => {
    const options = parse("--seed 5 --nodes 5 --for 90s --faults crash --workloads set,bank");
    const [, , ...args] = commandOf(options).split(" ");
    expect(parseOptions(args, DRAWN)).toEqual(options);
  });
});
