import { type NodeId, nodeId } from "@quorate/kernel/core";
import { pinnedTo } from "@quorate/kernel/replica";
import { describe, expect, it } from "vitest";

const MEMBERS = [1n, 2n, 3n, 4n, 5n].map(nodeId);
const SESSIONS = Array.from({ length: 2000 }, (_, i) => `session-${i}`);

function load(
  members: readonly NodeId[],
  sessions: readonly string[],
): ReadonlyMap<NodeId, number> {
  const counts = new Map<NodeId, number>();
  for (const session of sessions) {
    const member = pinnedTo(session, members);
    if (member !== null) counts.set(member, (counts.get(member) ?? 0) + 1);
  }
  return counts;
}

describe("RM-5: the member that a session's reads are pinned to", () => {
  it("is the same whoever is asked, in whatever order the members are named", () => {
    for (const session of SESSIONS.slice(0, 100))
      expect(pinnedTo(session, [...MEMBERS].reverse())).toBe(pinnedTo(session, MEMBERS));
    expect(pinnedTo("anybody", [])).toBe(null);
  });

  it("spreads the sessions over the members", () => {
    const counts = [...load(MEMBERS, SESSIONS).values()];
    expect(counts).toHaveLength(MEMBERS.length);
    for (const count of counts) expect(Math.abs(count - 400)).toBeLessThan(80);
  });

  it("when a member goes, only its own sessions move, and they spread over all that are left", () => {
    for (const gone of MEMBERS) {
      const left = MEMBERS.filter((member) => member !== gone);
      const moved = SESSIONS.filter((session) => pinnedTo(session, MEMBERS) === gone);
      for (const session of SESSIONS)
        if (!moved.includes(session))
          expect(pinnedTo(session, left)).toBe(pinnedTo(session, MEMBERS));
      const counts = [...load(left, moved).values()];
      expect(counts).toHaveLength(left.length);
      for (const count of counts) expect(count).toBeGreaterThan(moved.length / 8);
    }
  });
});
