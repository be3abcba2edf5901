import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const PROTOCOLS = join(import.meta.dirname, "../../packages/kernel/src/protocols");

/** Whoever has read one protocol finds the same things in the same places in any other (style §1). */
const EVERY = ["README.md", "index.ts", "settings.ts", "message.ts", "state.ts", "protocol.ts"];
/** A protocol of a log; how it replicates is named as its papers name it. */
const LOG = [...EVERY, "codec.ts", "start.ts", "reads.ts", "installation.ts"];
/** One that elects its leader. */
const ELECTED = [
  ...LOG,
  "step.ts",
  "record.ts",
  "election.ts",
  "repair.ts",
  "timers.ts",
  "transfer.ts",
  "invariants.ts",
];
/** One whose leader group 0 appoints: dispatch, records, repair, timers and hand-over are the same for all of them, in core/appointed. */
const APPOINTED = [...LOG, "tenure.ts", "in-sync.ts", "joining.ts"];

/** What each folder must have; whoever is here with less says why. */
const ANATOMY: Readonly<Record<string, readonly string[]>> = {
  raft: ELECTED,
  paxos: ELECTED,
  zab: ELECTED,
  primary: APPOINTED,
  chain: [...APPOINTED, "invariants.ts"],
  // No logs, and nothing that a server runs: a decision and an election for their own sake, whose messages no wire carries.
  synod: [...EVERY, "record.ts", "propose.ts", "learn.ts"],
  bully: [...EVERY, "record.ts", "election.ts"],
  // A sketch of a leaderless protocol on the same seam, to keep that honest: one file.
  register: ["index.ts", "register.ts"],
};

/** What every log protocol's door shows under one name, so that exchanging one for another changes an import and no more. */
const PUBLIC = ["ALL_RULES", "DEFAULT_SETTINGS", "decodeMessage", "encodeMessage", "holdsEntries"];

it("every protocol has its anatomy written down", () => {
  expect(readdirSync(PROTOCOLS).sort()).toEqual(Object.keys(ANATOMY).sort());
});

for (const [protocol, wanted] of Object.entries(ANATOMY)) {
  it(`${protocol} has every part of a protocol of its kind`, () => {
    const files = readdirSync(join(PROTOCOLS, protocol));
    expect(wanted.filter((file) => !files.includes(file))).toEqual([]);
  });

  if (wanted.includes("codec.ts"))
    it(`${protocol} shows what every log protocol shows, and how to recognise its state`, () => {
      const door = read(protocol, "index.ts");
      const recognises = `is${protocol.charAt(0).toUpperCase()}${protocol.slice(1)}`;
      const missing = [...PUBLIC, protocol, recognises].filter(
        (name) => !new RegExp(`\\b${name}\\b`).test(door),
      );
      expect(missing).toEqual([]);
    });

  if (wanted.includes("README.md"))
    it(`${protocol}'s README tells of every file, but for the two that only join the others`, () => {
      const readme = read(protocol, "README.md");
      const files = readdirSync(join(PROTOCOLS, protocol));
      const joins = ["README.md", "index.ts", "protocol.ts"];
      const untold = files.filter(
        (file) => !joins.includes(file) && !readme.includes(`\`${file}\``),
      );
      expect(untold).toEqual([]);
    });
}

function read(protocol: string, file: string): string {
  return readFileSync(join(PROTOCOLS, protocol, file), "utf8");
}
