import { clusterId, journalSeq, nodeId, startId } from "@quorate/kernel/core";
import { DEFAULT_OPTIONS, startNode } from "@quorate/kernel/replica";
import { Host, type HostParts, silentLog, systemClock } from "../../src/host/index.ts";

/** The group of the keyspace `default`. */
const DEFAULT_GROUP = 1;

/**
 * A cluster of one real node, with Raft and the etcd machine, in a real host. Only its disk is memory: what is
 * appended is durable one turn of the event loop later. `led` resolves once the keyspace `default` has a leader.
 */
export function startRaftNode(): { readonly host: Host; readonly led: Promise<void> } {
  let onLed: () => void = () => {};
  const led = new Promise<void>((resolve) => {
    onLed = resolve;
  });
  const log = {
    ...silentLog,
    info(fields: object, text: string) {
      const group = "group" in fields ? Number(fields.group) : null;
      if (text === "leader" && group === DEFAULT_GROUP) onLed();
    },
  };
  const clock = systemClock();
  const identity = { cluster: clusterId(11n), node: nodeId(12n), start: startId(13n) };
  const self = {
    name: "solo",
    peerAddress: "127.0.0.1:2380",
    clientAddresses: ["127.0.0.1:2379"],
  };
  const recovered = {
    checkpoints: [],
    records: [],
    lastSeq: journalSeq(0),
    damaged: [],
    birthsLost: false,
  };
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
      beside() {},
      retain() {},
      close: () => Promise.resolve(),
      counters: () => ({}),
    },
    checkpoints: {
      write: () => Promise.resolve(true),
      retire: () => Promise.resolve(),
      retainable: (from) => from,
      close: () => Promise.resolve(),
    },
    lost: {
      write: () => Promise.resolve(true),
      filesOf: () => [],
      counters: () => ({}),
      close: () => Promise.resolve(),
    },
    transport: {
      counters: { flat: () => ({}) },
      send() {},
      flush() {},
      twin: new Promise(() => {}),
      rollCall: () => Promise.resolve(true),
      setPeers() {},
      close: () => Promise.resolve(),
    },
    lock: { release: () => Promise.resolve() },
  };
  const onHalt = (reason: string): void => {
    throw new Error(`the node halted: ${reason}`);
  };
  const host = new Host({ identity, kernel, clock, log, onHalt }, parts);
  host.start();
  return { host, led };
}
