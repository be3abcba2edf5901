import { idOf } from "@quorate/sim";
import { it } from "vitest";
import { heal, randomSchedule } from "./random.ts";

it("dbg", () => {
  for (const [seed, replicas, damage, small] of [
    [60, 5, false, false],
    [19, 5, false, true],
    [25, 3, true, false],
  ] as const) {
    const settings = small
      ? ({ alpha: 4, batchEntriesMax: 2, inflightMessagesMax: 2, decisions: "ride" } as const)
      : {};
    const c = randomSchedule({ seed, replicas, actions: damage ? 800 : 600, damage, settings });
    console.log(seed, heal(c));
    for (const n of c.names) {
      const s = c.state(n);
      const r: any = s.role;
      console.log(
        n,
        "term",
        s.term,
        "highest",
        s.highest,
        "commit",
        s.commitIndex,
        "role",
        r.type,
        r.leader,
        r.nextSlot,
        r.termStart,
        r.decided,
        "rep",
        s.repairing,
        s.blind,
        "heard",
        s.heardFromLeaderAt,
        "el",
        s.electionAt,
        c.net.now.ticks,
        "undur",
        s.undurable.length,
        "win",
        s.accepted.size,
        c.net.wakeAt(idOf(n)),
      );
      if (r.progress)
        console.log(
          r.progress.members
            .map((m: any) => JSON.stringify({ m: String(m), ...r.progress.get(m) }))
            .join("\n"),
          "votes",
          r.votes.size,
          "durableSlot",
          s.durableSlot,
          r.transfer,
        );
    }
  }
});
