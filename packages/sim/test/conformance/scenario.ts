import { expect } from "vitest";
import type { Form } from "./forms.ts";
import type { Group } from "./group.ts";
import type { Promised } from "./promises.ts";

/** One claim, that holds for every form which promises all that it needs. */
export interface Scenario {
  readonly title: string;
  readonly needs: readonly Promised[];
  readonly run: (form: Form) => void;
}

/** All is well again: everybody is there and holds the same, and nothing was found broken on the way. */
export function heals(g: Group): void {
  g.heal();
  for (const name of g.names) if (!g.net.isUp(g.idOf(name))) g.restart(name);
  for (const name of g.names) g.net.sync(g.idOf(name));
  g.drive(3000);
  const leader = g.settled();
  g.write(leader, "healed").drive(1000);
  const { commitIndex, log } = g.state(leader);
  expect(g.machineOf(leader)).toContain("healed");
  for (const name of g.names) {
    const state = g.state(name);
    expect([name, state.commitIndex, state.log.lastIndex, state.repairing]).toEqual([
      name,
      commitIndex,
      log.lastIndex,
      false,
    ]);
    expect(g.machineOf(name)).toEqual(g.machineOf(leader));
  }
  expect(g.broken).toEqual([]);
}

/** This member holds all that was acknowledged. */
export function holdsAcknowledged(g: Group, machine: readonly string[]): void {
  expect(machine).toEqual(expect.arrayContaining([...g.acknowledged]));
}
