import { beforeAsking, beforeChange, idOf, type Name, put } from "@quorate/sim";
import { describe, expect, it } from "vitest";

const OLD: readonly Name[] = ["S1", "S2", "S3"];
const NEW: readonly Name[] = ["S1", "S4", "S5"];

describe("MP-5: voters that are chosen in slot i decide from slot i + alpha on", () => {
  it("MP-5: slot i + alpha - 1 is decided by the old majority, slot i + alpha by none but the new one", () => {
    const c = beforeChange();
    const i = c.decidedOf("S1") + 1;
    expect(c.change("S1", NEW)).toBe(true);
    c.exchange("S1", ["S2"], () => true);
    const last = i + c.settings.alpha - 1;
    expect(c.decidedOf("S1"), "the last waits until those to come know").toBe(last - 1);
    c.exchange("S1", ["S4"], () => true);
    expect(c.decidedOf("S1"), "they know, and have accepted the last").toBe(last - 1);
    c.exchange("S1", ["S2"], () => true);
    expect(c.decidedOf("S1")).toBe(last);
    expect(c.historyOf("S1").slice(1 - c.settings.alpha), "no-ops").toEqual(["-", "-", "-"]);

    c.propose("S1", put("x", "a"));
    c.exchange("S1", ["S2", "S3"], () => true);
    expect(c.decidedOf("S1"), "they have accepted it, and decide nothing").toBe(last);
    c.exchange("S1", ["S4"], () => true);
    expect(c.decidedOf("S1")).toBe(last + 1);
    expect(c.violations).toEqual([]);
  });

  it("MP-5: whoever comes in decides nothing before", () => {
    const c = beforeChange();
    const before = c.decidedOf("S1");
    c.change("S1", NEW);
    c.exchange("S1", ["S4", "S5"], () => true);
    expect(c.decidedOf("S1")).toBe(before);
    for (const name of ["S3", "S4", "S3"] as const) c.exchange("S1", [name], () => true);
    expect(c.decidedOf("S1")).toBe(before + c.settings.alpha);
  });

  it("MP-5: a leader elected between the two asks both, and leaves when it is no voter any more", () => {
    const c = beforeChange({ decisions: "ride" });
    c.change("S1", NEW);
    c.exchange("S1", ["S2"], ({ message }) => message.type === "Accept");
    c.crash("S1").stand("S2", ["S3"]);
    expect(c.state("S2").role.type, "what it found may have been chosen").toBe("Preparing");
    c.stand("S2", ["S3", "S4"]);
    expect(c.state("S2").role.type, "one of the three to come").toBe("Preparing");
    c.elect("S2", ["S3", "S4", "S5"]);
    c.net.run(3000);
    expect(["S4", "S5"]).toContain(c.leaders()[0]);
    expect(c.config("S3")).toMatchObject({ voters: NEW.map(idOf), outgoing: null });
    expect(c.violations).toEqual([]);
  });

  it("MP-5: the old majority can neither elect nor decide once it is none any more", () => {
    const c = beforeChange();
    c.change("S1", NEW);
    c.reaches("S1", c.names, 2);
    for (const name of ["S2", "S3"] as const) c.stand(name, OLD);
    c.crash("S1").stand("S2", ["S3"]);
    expect(c.leaders()).toEqual([]);
    c.elect("S4", ["S5"]).propose("S4", put("x", "a")).reaches("S4", ["S5"], 2);
    expect(c.state("S4").commitIndex).toBe(c.state("S4").log.lastIndex);
    expect(c.leaders()).toEqual(["S4"]);
    expect(c.violations).toEqual([]);
  });

  it("MP-5: the leader dies after any number of messages, and the group goes on with one or the other", () => {
    const endings = new Set<string>();
    for (let step = 0; step < 60; step++) {
      const c = beforeChange();
      c.change("S1", NEW);
      c.net.deliver(() => true, step);
      c.net.lose().crash(idOf("S1"));
      c.net.run(8000);
      const [leader] = c.leaders();
      expect(leader, `dead after ${step} messages`).toBeDefined();
      if (leader === undefined) continue;
      const { voters } = c.config(leader);
      endings.add(voters.join());
      c.propose(leader, put("x", "last"));
      c.net.run(1000);
      expect(c.historyOf(leader).at(-1), `dead after ${step} messages`).toBe("x=last");
      c.restart("S1");
      c.net.run(8000);
      expect(c.historyOf("S1").at(-1)).toBe("x=last");
      expect(c.violations).toEqual([]);
    }
    expect([...endings].sort()).toEqual(["1,2,3", "1,4,5"]);
  });
});

describe("what a change waits for", () => {
  it("for the change before it to be in force: until then it is refused for certain", () => {
    const c = beforeChange();
    expect(c.change("S1", NEW)).toBe(true);
    expect(c.change("S1", OLD)).toBe(false);
    expect([...c.net.outcomes.values()].at(-1)).toMatchObject({
      code: "ChangeRefused",
      definite: true,
      message: expect.stringContaining("not in force yet"),
    });
    c.net.deliver(
      ({ from, to, message }) =>
        [from, to].includes(idOf("S2")) && !("slot" in message && message.slot > 2),
    );
    expect(c.config("S1").outgoing, "it is chosen, and its window is not").toEqual(OLD.map(idOf));
    expect(c.change("S1", OLD)).toBe(false);
    c.reaches("S1", c.names, 2);
    expect(c.change("S1", ["S1", "S4"])).toBe(true);
    c.reaches("S1", c.names, 2);
    expect(c.config("S5")).toMatchObject({ voters: [1n, 4n], learners: [2n, 3n, 5n] });
    expect(c.violations).toEqual([]);
  });

  it("for a majority of the voters to come to have promised the ballot: they are asked, and then it may be asked again", () => {
    const c = beforeAsking({});
    c.elect("S1", OLD).reaches("S1", c.names, 2);
    expect(c.change("S1", NEW)).toBe(false);
    expect([...c.net.outcomes.values()].at(-1)).toMatchObject({ code: "ChangeRefused" });
    expect(c.captured("S4", "Prepare").message).toMatchObject({ ballot: c.state("S1").term });
    c.exchange("S1", ["S4"], () => true);
    expect(c.change("S1", NEW), "one of them and the leader are two of three").toBe(true);
  });

  it("for whoever comes in to know nearly all that is chosen: until then it learns", () => {
    const c = beforeAsking({});
    c.net.cut(idOf("S1"), idOf("S4"));
    c.elect("S1").reaches("S1", c.names, 2);
    expect(c.change("S1", ["S1", "S2", "S4"])).toBe(false);
    expect([...c.net.outcomes.values()].at(-1)).toMatchObject({
      message: expect.stringContaining("in sync with leader"),
    });
    c.net.heal();
    c.reaches("S1", c.names, 2);
    c.change("S1", ["S1", "S2", "S4"]);
    c.reaches("S1", c.names, 2);
    c.change("S1", ["S1", "S2", "S4"]);
    c.reaches("S1", c.names, 2);
    expect(c.config("S4").voters).toEqual([1n, 2n, 4n]);
  });
});

it("a snapshot taken within the window tells who decides until when, and so does a disk", () => {
  const c = beforeChange();
  c.change("S1", NEW);
  c.net.deliver(
    ({ from, to, message }) =>
      [from, to].includes(idOf("S2")) && !("slot" in message && message.slot > 2),
  );
  const pending = { voters: NEW.map(idOf), outgoing: OLD.map(idOf) };
  const slots = { from: 2 + c.settings.alpha, placesGiven: 5 };
  expect(c.config("S1")).toMatchObject({
    ...pending,
    slots: { ...slots, places: [0, 3, 4, 0, 1, 2] },
  });
  c.install("S5", "S1");
  expect(c.config("S5")).toMatchObject({ ...pending, slots });
  c.crash("S5").restart("S5");
  expect(c.config("S5"), "of a checkpoint").toMatchObject({ ...pending, slots });
  c.reaches("S1", c.names, 3);
  for (const name of c.names)
    expect(c.config(name)).toMatchObject({ voters: NEW.map(idOf), outgoing: null, slots });
  c.propose("S1", put("x", "a")).reaches("S1", c.names, 2);
  c.crash("S3").restart("S3");
  expect(c.config("S3"), "of records").toMatchObject({ voters: NEW.map(idOf), outgoing: null });
  expect(c.violations).toEqual([]);
});

it("whoever comes back as a voter prepares ballots that it never had", () => {
  const c = beforeChange();
  c.change("S1", ["S1", "S4", "S5"]);
  c.reaches("S1", c.names, 2);
  c.change("S1", ["S1", "S2", "S4"]);
  c.reaches("S1", c.names, 2);
  expect(c.config("S2").slots).toMatchObject({ places: [0, 5, 3], placesGiven: 6 });
  c.crash("S1").elect("S2", ["S4"]);
  expect(c.state("S2").term % 4096).toBe(5);
  expect(c.violations).toEqual([]);
});
