import { expect } from "vitest";
import { Group } from "../group.ts";
import { heals, type Scenario } from "../scenario.ts";

const LOW = { writesMax: 4, readsMax: 2 } as const;

export const BOUNDS: readonly Scenario[] = [
  {
    title: "commands beyond the bound are refused as Overloaded, and are in no log, then or later",
    needs: [],
    run: (form) => {
      const g = new Group(form, { bounds: LOW });
      const leader = g.settled();
      for (const name of g.names) g.net.holdSync(g.idOf(name));
      const keys = Array.from({ length: 7 }, (_, i) => `k${i}`);
      const ids = g.propose(leader, ...keys);
      const refused = keys.filter((_, i) => g.failureOf(ids[i]) !== null);
      for (const id of ids) {
        const failure = g.failureOf(id);
        if (failure !== null) expect(failure).toMatchObject({ code: "Overloaded", definite: true });
      }
      expect(refused).toEqual(keys.slice(LOW.writesMax));
      expect(g.logOf(leader)).toEqual(keys.slice(0, LOW.writesMax));
      for (const name of g.names) g.net.sync(g.idOf(name));
      g.net.deliver();
      expect(g.acknowledged).toEqual(keys.slice(0, LOW.writesMax));
      heals(g);
      for (const name of g.names)
        expect(g.machineOf(name)).toEqual([...keys.slice(0, LOW.writesMax), "healed"]);
    },
  },
  {
    title: "readers beyond the bound are refused as Overloaded",
    needs: ["readersWait"],
    run: (form) => {
      const g = new Group(form, { bounds: LOW });
      const leader = g.settled();
      g.write(leader, "a").drive(500);
      const [alone] = g.others(leader);
      if (alone === undefined) throw new RangeError("somebody follows");
      g.among(...g.others(alone)).drive(3000);
      const ids = Array.from({ length: 5 }, () => g.ask(alone, "readIndex"));
      const codes = ids.map((id) => g.failureOf(id)?.code ?? null);
      expect(codes).toEqual([null, null, "Overloaded", "Overloaded", "Overloaded"]);
      heals(g);
    },
  },
];
