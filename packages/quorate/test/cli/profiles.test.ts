import { PROFILE_NAMES } from "@quorate/kernel/replica";
import { expect, it } from "vitest";
import { explain } from "../../src/cli/profiles.ts";

it.each(PROFILE_NAMES)("says of %s what it promises, costs and loses", (profile) => {
  const text = explain(profile, 5) ?? "";
  expect(text).toMatch(new RegExp(`^${profile}: `));
  for (const title of ["Promises", "Costs", "When something fails"]) expect(text).toContain(title);
  expect(text).not.toMatch(/NaN|undefined/);
});

it("says nothing of a profile that it does not know", () => {
  expect(explain("bigtable", 3)).toBeNull();
});
