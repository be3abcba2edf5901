import { clockWasOff, setWallClock } from "../clock/index.ts";
import { lasting } from "../wait.ts";
import { type KindOf, memberOf, noBite } from "./fault.ts";

const CALL_MILLIS = 5000;

const jumpWall: KindOf<"jumpWall"> = {
  family: "clock",
  lasts: [500, 8000],
  draw: (dice, { nodes }) => ({
    type: "jumpWall",
    node: dice.below(nodes),
    offsetMillis: dice.pick([-86_400_000, -60_000, -1000, 1000, 60_000, 86_400_000]),
  }),
  missing: () => null,
  async strike(field, { node, offsetMillis }, millis) {
    const member = memberOf(field, node);
    setWallClock(member.clock, offsetMillis);
    await lasting(millis, field.until);
    const times = clockWasOff(member.said, offsetMillis) ? 1 : 0;
    setWallClock(member.clock, 0);
    return { times, note: member.name };
  },
};

const moveLeader: KindOf<"moveLeader"> = {
  family: "operator",
  // It is over at once; the next is to come after a while.
  lasts: [1000, 6000],
  draw: (dice, { nodes }) => (nodes < 2 ? null : { type: "moveLeader", node: dice.below(nodes) }),
  missing: () => null,
  async strike(field, { node }) {
    const { cluster } = field;
    const leader = await cluster.leader();
    if (leader === null) return noBite("nobody led");
    const target = memberOf(field, leader.index === node ? node + 1 : node);
    const status = await cluster.status(target);
    if (status === null) return noBite(`${target.name} does not answer`);
    const body = { targetID: status.id };
    const path = "/maintenance/transfer-leadership";
    const answer = await cluster.api.call(leader.client, path, body, CALL_MILLIS);
    return answer.type === "ok"
      ? { times: 1, note: `${leader.name} to ${target.name}` }
      : noBite(answer.why);
  },
};

export const OTHER_FAULTS = { jumpWall, moveLeader } as const;
