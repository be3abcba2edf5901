import type { Case } from "../case.ts";

export const CLUSTER_CASES: readonly Case[] = [
  {
    name: "cluster: members",
    async run(on) {
      await on.json("/v3/cluster/member/list", {});
      await on.unary("Cluster/MemberList", {});
      await on.unary("Cluster/MemberRemove", { ID: 4711 });
      await on.unary("Cluster/MemberUpdate", { ID: 4711, peerURLs: ["http://127.0.0.1:1"] });
      await on.unary("Cluster/MemberAdd", { peerURLs: [] });
      await on.unary("Cluster/MemberAdd", { peerURLs: ["nonsense"] });
      await on.unary("Cluster/MemberAdd", { peerURLs: ["ftp://127.0.0.1:1"] });
      await on.unary("Cluster/MemberAdd", { peerURLs: ["http://127.0.0.1"] });
      await on.unary("Cluster/MemberAdd", { peerURLs: ["http://127.0.0.1:1/path"] });
      await on.ctl("member", "remove", "4711");
      await on.ctl("member", "remove", "xyz");
      await on.ctl("member", "promote", "4711");
    },
  },
  {
    name: "cluster: endpoint health and hashes",
    async run(on) {
      await on.ctl("endpoint", "health");
      await on.ctl("endpoint", "health", "-w", "json");
      await on.ctl("endpoint", "hashkv", "-w", "json");
      await on.ctl("put", "k", "v");
      await on.unary("Maintenance/HashKV", { revision: on.rev(1) });
      await on.unary("Maintenance/HashKV", { revision: on.rev(100) });
      await on.ctl("endpoint", "hashkv", `--rev=${on.rev(100)}`);
    },
  },
  {
    name: "cluster: status",
    async run(on) {
      await on.ctl("put", "k", "v");
      await on.unary("Maintenance/Status", {});
      await on.json("/v3/maintenance/status", {});
    },
  },
  {
    name: "cluster: alarms",
    async run(on) {
      await on.ctl("alarm", "list");
      await on.ctl("alarm", "disarm");
      await on.unary("Maintenance/Alarm", {});
      await on.unary("Maintenance/Alarm", { action: "DEACTIVATE", memberID: 1, alarm: "NOSPACE" });
    },
  },
  {
    name: "cluster: defragment",
    async run(on) {
      await on.unary("Maintenance/Defragment", {});
      await on.ctl("defrag");
    },
  },
  {
    name: "cluster: a snapshot",
    async run(on) {
      await on.stream("Maintenance/Snapshot").send({}).end().takeStatus();
    },
  },
  {
    name: "cluster: a leader moved",
    async run(on) {
      const [second, first] = [await on.memberId("n2"), await on.memberId("n1")];
      await on.unary("Maintenance/MoveLeader", { targetID: 4711 });
      await on.ctl("move-leader", "1267");
      await on.ctl("move-leader", second.hex);
      await on.unary("Maintenance/MoveLeader", { targetID: first.decimal });
      await on.ctlAt([on.cluster.endpoints[1] ?? ""], "move-leader", first.hex);
      await on.ctlAt(on.cluster.endpoints, "endpoint", "health", "-w", "json");
    },
  },
];
