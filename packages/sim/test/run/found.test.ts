import { run } from "@quorate/sim";
import { expect, it } from "vitest";

/**
 * A follower lags behind its leader's log. In one turn it hears an append, which was sent before the leader dropped what
 * the follower lacks, and the last piece of the snapshot that was sent instead. The log held the snapshot's last entry by
 * then, and more behind it, which the follower had acknowledged: installing the snapshot threw that away, and the leader
 * had counted it. Whether a snapshot is needed is asked now when all that came before it has been done.
 */
it("a snapshot that comes in the same turn as an append takes nothing from the log that was acknowledged", () => {
  const { broken, operationsOk } = run({
    nodes: 3,
    network: {
      delayMicrosMin: 100,
      delayMicrosMax: 40000,
      lossPerMille: 0,
      duplicatePerMille: 0,
      reorderPerMille: 0,
      flipPerMille: 0,
      garblePerMille: 0,
      queueBytesMax: 67108864,
      mode: "bare",
    },
    disk: {
      syncMicrosMin: 50,
      syncMicrosMax: 300,
      tornPerMille: 0,
      reorderPerMille: 0,
      lyingPerMille: 0,
      segmentBytes: 8000,
    },
    product: {
      quiesceTicks: 300,
      batchEntriesMax: 4096,
      inflightMessagesMax: 4,
      tailEntriesMax: 5,
      checkpointBytes: 67108864,
      pinnedBytesMax: 4000,
      checkTicks: 500,
      applyEntriesMax: 1,
      jitter: true,
      mixed: false,
      aliveTicks: 150,
      pullTicks: null,
    },
    clocks: [{ ratePerMille: 0, aheadTicks: 0 }],
    keyspace: "etcd",
    reads: "readIndex",
    clients: 6,
    operations: 10,
    watchers: 0,
    compactions: false,
    leases: 0,
    caches: 0,
    localReaders: false,
    keepsake: false,
    toTheEnd: false,
    trials: [],
    habits: {
      keys: 2,
      readPerMille: 450,
      casPerMille: 250,
      patienceMillis: 1500,
      thinkMillisMax: 150,
      sessionPerMille: 500,
    },
    millis: 30000,
    rules: {},
    seed: 37n,
    episodes: [
      { at: 47, millis: 4015, fault: { type: "isolateLeader" } },
      { at: 818, millis: 4634, fault: { type: "isolateLeader" } },
      { at: 1656, millis: 3648, fault: { type: "isolateLeader" } },
      { at: 2655, millis: 4440, fault: { type: "isolateLeader" } },
      { at: 5903, millis: 2949, fault: { type: "isolateLeader" } },
    ],
  });
  expect(broken).toEqual([]);
  expect(operationsOk).toBeGreaterThan(10);
});
