import { expect, it } from "vitest";
import {
  clusterId,
  groupId,
  type Input,
  type Now,
  nodeId,
  type RequestId,
  requestId,
  startId,
  ticks,
} from "../../src/core/index.ts";
import { EtcdKind } from "../../src/machines/etcd/index.ts";
import { encodeEnvelope } from "../../src/replica/envelope.ts";
import { DEFAULT_OPTIONS } from "../../src/replica/index.ts";
import { Proposals } from "../../src/replica/proposals.ts";

const [SELF, OTHER] = [nodeId(1n), nodeId(2n)];
const ID = requestId(7);
const at = (tick: number): Now => ({
  ticks: ticks(tick),
  wall: { earliest: tick, latest: tick },
});

function proposalsOfSelf(): Proposals {
  const profile = DEFAULT_OPTIONS.profiles.get("etcd");
  if (profile === undefined) throw new Error("a preset");
  let ids = 100;
  const port = {
    send: () => {},
    outcome: () => {},
    nextId: () => ids++ as RequestId,
    isUp: () => true,
    obstacleTo: () => null,
  };
  const open = { heldMax: 1, heldBytesMax: 1, pass: () => true, freed: () => [], drop: () => {} };
  const identity = { cluster: clusterId(1n), node: SELF, start: startId(9n) };
  return new Proposals(identity, groupId(1), profile, port, open);
}

const commandsIn = (input: Input<unknown> | null): number =>
  input?.type === "Propose" ? input.commands.length : 0;

/**
 * A follower sent a command to the leader it knew and was refused; it became the leader itself and proposed it. The refusal came a second
 * time, as it may where frames are repeated, and the command was proposed again: applied twice, and stamped anew in the log that already
 * held it, so that two replicas handed out different entries at one index.
 */
it("a refusal that comes again, of what was proposed here since, changes nothing", () => {
  const p = proposalsOfSelf();
  const head = { kind: EtcdKind.put, node: SELF, start: startId(9n), request: ID };
  const rest = { deadlineTicks: 5000, at: 0, session: null, body: new Uint8Array(3) };
  p.submit(ID, EtcdKind.put, encodeEnvelope({ ...head, ...rest }));
  expect(p.take(at(0), false, OTHER, 0)).toBeNull();
  const refused = { refusal: "NotLeader", ids: [ID], status: 0, message: "" } as const;
  p.refused(OTHER, refused, ticks(1));
  expect(commandsIn(p.take(at(100), true, SELF, 100))).toBe(1);
  p.refused(OTHER, refused, ticks(101));
  expect(commandsIn(p.take(at(200), true, SELF, 200))).toBe(0);
  expect(p.isUnderWay(ID)).toBe(true);
});
