import {
  clusterId,
  groupId,
  type JoinHello,
  keyspaceId,
  logIndex,
  nodeId,
  PEER_VERSIONS,
  startId,
} from "@quorate/kernel/core";
import type { GroupStatus, MemberStatus } from "@quorate/kernel/replica";
import { describe, expect, it } from "vitest";
import type { NodePort } from "../../src/host/index.ts";
import { answerJoin, FOUNDER_NONCE, NOT_YET, STARTED_BEFORE } from "../../src/node/door.ts";

const ASKER = nodeId(7n);
const request: JoinHello = {
  type: "Join",
  versions: PEER_VERSIONS,
  nonce: FOUNDER_NONCE,
  name: "c",
  peerAddress: "h:3",
  clientAddresses: [],
};

interface Seen {
  readonly lastIndex: number;
  readonly leader: bigint | null;
  readonly serving?: boolean;
  /** Name under which the asking address is known; null if it is not. */
  readonly knownAs: string | null;
}

/** A port of which only what the door looks at is there. */
function portSeeing({ lastIndex, leader, serving = true, knownAs }: Seen): NodePort {
  const member: MemberStatus = {
    node: ASKER,
    name: knownAs ?? "",
    peerAddress: "h:3",
    clientAddresses: [],
    learner: false,
    space: "ample",
  };
  const group: GroupStatus = {
    group: groupId(0),
    keyspace: keyspaceId(0),
    role: "follower",
    leader: leader === null ? null : nodeId(leader),
    inStep: null,
    term: 1,
    commitIndex: logIndex(lastIndex),
    appliedIndex: logIndex(lastIndex),
    lastIndex: logIndex(lastIndex),
    config: { epoch: 1, voters: [], outgoing: null, learners: [] },
    recovered: true,
    serving,
    view: null,
  };
  const unasked = (): never => {
    throw new Error("a founder's question changes nothing and reads nothing but the status");
  };
  const identity = { cluster: clusterId(1n), node: nodeId(2n), start: startId(3n) };
  return {
    identity,
    now: unasked,
    request: unasked,
    read: unasked,
    cancel: unasked,
    moveLeader: unasked,
    counters: unasked,
    followLosses: unasked,
    lostFiles: unasked,
    watch: unasked,
    unwatch: unasked,
    stalled: unasked,
    drained: unasked,
    progress: unasked,
    afterAnswers: unasked,
    status: () => ({
      identity,
      clusterVersion: 1,
      members: knownAs === null ? [] : [member],
      keyspaces: [],
      groups: 1,
      pending: 0,
      counters: {},
    }),
    groupOf: () => group,
  };
}

describe("a founder that asks whether it was started before", () => {
  it("is let through by one that has itself never seen a leader", async () => {
    const port = portSeeing({ lastIndex: 1, leader: null, serving: false, knownAs: "" });
    expect(await answerJoin(port, request, "t")).toMatchObject({
      type: "Joined",
      node: ASKER,
      cluster: clusterId(1n),
    });
  });

  it("is let through by a cluster that never saw it", async () => {
    const port = portSeeing({ lastIndex: 9, leader: 2n, knownAs: "" });
    expect(await answerJoin(port, request, "t")).toMatchObject({ node: ASKER });
  });

  it("is refused by a cluster that did: its votes and entries are gone", async () => {
    const port = portSeeing({ lastIndex: 9, leader: 2n, knownAs: "c" });
    await expect(answerJoin(port, request, "t")).rejects.toThrow(STARTED_BEFORE);
  });

  it.each([
    ["has no leader", { lastIndex: 9, leader: null, knownAs: "" }],
    ["is not current", { lastIndex: 9, leader: 2n, serving: false, knownAs: "" }],
  ])(
    "has to ask again where the cluster %s: it may be a member that lost its disk",
    async (_, seen) => {
      await expect(answerJoin(portSeeing(seen), request, "t")).rejects.toThrow(NOT_YET);
    },
  );

  it("is refused where its address is no founder's", async () => {
    const port = portSeeing({ lastIndex: 9, leader: 2n, knownAs: null });
    await expect(answerJoin(port, request, "t")).rejects.toThrow("no founder is known at h:3");
  });
});
