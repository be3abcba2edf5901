import { describe, expect, it } from "vitest";
import { tortureCommand } from "../src/torture-command.ts";

describe("a wrong call ends before anything is started", () => {
  it.each([
    [["--report", import.meta.filename], "--report cannot be written: "],
    [["--server", "/no/such/command", "--report", import.meta.dirname], "/no/such/command is not"],
    [["--nodes", "0"], "--nodes must be a whole number from 1 to 9, not 0"],
  ])("%s", async (args, why) => {
    let said = "";
    const io = { out: () => {}, err: (line: string) => void (said += line) };
    expect(await tortureCommand(args, io)).toBe(2);
    expect(said).toContain(why);
  });
});
