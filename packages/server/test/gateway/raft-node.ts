import { clusterId, journalSeq, nodeId, startId } from "@quorate/kernel/core";
import { DEFAULT_OPTIONS, startNode } from "@quorate/kernel/replica";
import { Host, type HostParts } from "../../src/host/host.ts";
import { silentLog } from "../../src/host/log.ts";
import { systemClock } from "../../src/host/clock.ts";

/**
 * A cluster of one real node, with Raft and the etcd machine, in a real host. Only its disk is memory: what is
 * appended is durable one turn of the event loop later.
 */
export function startRaftNode(): Host {
  const clock = systemClock();
  const identity = { cluster: clusterId(11n), node: nodeId(12n), start: startId(13n) };
  const self = {
    name: "solo",
    peerAddress: "127.0.0.1:2380",
    clientAddresses: ["127.0.0.1:2379"],
  };
  const recovered = { checkpoints: [], records: [], lastSeq: journalSeq(0), damaged: [] };
  const founders = [{ node: identity.node, name: self.name, peerAddress: self.peerAddress }];
  const kernel = startNode(
    { identity, self, bootstrap: { founders }, recovered, seed: 7n },
    DEFAULT_OPTIONS,
    clock.now(),
  );
  let appended = journalSeq(0);
  let durable = journalSeq(0);
  const parts: HostParts = {
    journal: {
      durable,
      space: "ample",
      append(seq) {
        appended = seq;
      },
      flush() {
        if (appended === durable) return;
        durable = appended;
        const upTo = durable;
        setImmediate(() => host.input({ type: "Durable", upTo }));
      },
      retain() {},
      close: () => Promise.resolve(),
      counters: () => ({}),
    },
    checkpoints: {
      write: () => Promise.resolve(true),
      retainable: (from) => from,
      close: () => Promise.resolve(),
    },
    transport: {
      counters: { flat: () => ({}) },
      send() {},
      flush() {},
      setPeers() {},
      close: () => Promise.resolve(),
    },
    lock: { release: () => Promise.resolve() },
  };
  const onHalt = (reason: string): void => {
    throw new Error(`the node halted: ${reason}`);
  };
  const host = new Host({ identity, kernel, clock, log: silentLog, onHalt }, parts);
  host.start();
  return host;
}
