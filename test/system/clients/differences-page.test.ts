import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ANYTHING, DIFFERENCES, type Difference } from "./differences.ts";

const PAGE = join(import.meta.dirname, "..", "..", "..", "docs", "differences.md");

it("the page about differences is made from the table (QUORATE_WRITE_DIFFERENCES=1 writes it)", () => {
  const page = render(DIFFERENCES);
  if (process.env["QUORATE_WRITE_DIFFERENCES"] === "1") writeFileSync(PAGE, page);
  expect(readFileSync(PAGE, "utf8")).toBe(page);
});

function render(differences: readonly Difference[]): string {
  const rows = differences.map(({ case: name, field, theirs, ours, section, why }) =>
    ["", name, field, shown(theirs), shown(ours), section, why, ""].map(cell).join("|"),
  );
  return `# Differences from etcd

What Quorate answers otherwise than Debian's etcd 3.4.23, as \`test/system/clients\` finds it: every case there runs
against both, and the answers are compared field by field. Ids, terms, hashes, sizes and times are not compared, and
revisions are counted from the beginning of the case. A difference that is not in this table fails the suite, and so
does one that no longer occurs. \`*\` stands for any text; sections are those of the reference of etcd's v3 API.

This page is made from \`test/system/clients/differences.ts\`.

| case | field | etcd 3.4.23 | Quorate | section | why |
|---|---|---|---|---|---|
${rows.map((row) => row.trim()).join("\n")}
`;
}

function shown(value: unknown): string {
  if (value === ANYTHING) return "(any)";
  return value === null
    ? "(absent)"
    : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

const cell = (text: string): string =>
  text === "" ? "" : ` ${text.replaceAll("|", "\\|").replaceAll("\n", "\\n")} `;
