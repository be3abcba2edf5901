import { type Episode, kindOf } from "../faults/index.ts";
import type { RunPlan } from "./plan.ts";

/**
 * A run as a test that a person can read and keep: what breaks, the faults in the order in which they strike, and the
 * plan itself as the only truth.
 */
export function scenarioOf(plan: RunPlan, code: string, broken: readonly string[]): string {
  const told = plan.episodes.map((episode) => `//   ${tell(episode)}`);
  const { seed, episodes, ...rest } = plan;
  return [
    importing("run", "@quorate/sim"),
    importing("expect, it", "vitest"),
    "",
    `// quorate sim --run ${code}`,
    ...broken.slice(0, 3).map((finding) => `// broke: ${finding}`),
    `// nodes: ${plan.nodes}, clients: ${plan.clients}; after they have begun:`,
    ...(told.length === 0 ? ["//   no fault strikes"] : told),
    `it("run ${code}", () => {`,
    "  const { broken } = run({",
    `    ...${JSON.stringify(rest)},`,
    `    seed: ${seed}n,`,
    "    episodes: [",
    ...episodes.map((episode) => `      ${JSON.stringify(episode)},`),
    "    ],",
    "  });",
    "  expect(broken).toEqual([]);",
    "});",
    "",
  ].join("\n");
}

const importing = (names: string, place: string): string => `import { ${names} } from '${place}';`;

function tell({ at, millis, fault }: Episode): string {
  const { type, ...how } = fault;
  const details = Object.entries(how)
    .map(
      ([name, value]) =>
        `${name} ${name === "node" ? `n${Number(value) + 1}` : JSON.stringify(value)}`,
    )
    .join(", ");
  const lasts = kindOf(type).lasts[1] === 0 ? "" : ` for ${millis} ms`;
  return `at ${at} ms ${type}${details === "" ? "" : ` (${details})`}${lasts}`;
}
