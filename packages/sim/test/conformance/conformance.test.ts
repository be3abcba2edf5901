import { describe, it } from "vitest";
import { FORMS, type Form } from "./forms.ts";
import { exemption } from "./promises.ts";
import type { Scenario } from "./scenario.ts";
import { BOUNDS } from "./scenarios/bounds.ts";
import { FAULTS } from "./scenarios/faults.ts";
import { LEADING } from "./scenarios/leading.ts";
import { MEMBERS } from "./scenarios/members.ts";
import { READS } from "./scenarios/reads.ts";
import { RECOVERY } from "./scenarios/recovery.ts";
import { WIRE } from "./scenarios/wire.ts";
import { WRITES } from "./scenarios/writes.ts";

const SUITE: Readonly<Record<string, readonly Scenario[]>> = {
  writes: WRITES,
  recovery: RECOVERY,
  leading: LEADING,
  reads: READS,
  bounds: BOUNDS,
  members: MEMBERS,
  "the wire": WIRE,
  faults: FAULTS,
};

for (const [chapter, scenarios] of Object.entries(SUITE))
  describe(chapter, () => {
    for (const scenario of scenarios)
      describe(scenario.title, () => {
        for (const form of FORMS) conforms(form, scenario);
      });
  });

function conforms(form: Form, { needs, run }: Scenario): void {
  const reasons = needs.flatMap((promised) => exemption(form, promised) ?? []);
  if (reasons.length > 0) it.skip(`${form.name}: ${reasons.join("; ")}`, () => {});
  else it(form.name, () => run(form));
}
