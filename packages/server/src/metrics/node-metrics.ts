import { DEFAULT_KEYSPACE, type KeyspaceId } from "@quorate/kernel/core";
import { EtcdMachine } from "@quorate/kernel/etcd";
import type { GroupStatus } from "@quorate/kernel/replica";
import type { NodePort } from "../host/index.ts";
import { labels, type MetricsRegistry } from "./registry.ts";

/**
 * What a node tells of itself and of the keyspace behind its port, under etcd's names, so that dashboards and
 * alert rules made for etcd work. Read at the scrape; nothing is counted here.
 */
export function registerNodeMetrics(
  registry: MetricsRegistry,
  port: NodePort,
  about: { readonly version: string },
  keyspace: KeyspaceId = DEFAULT_KEYSPACE,
): void {
  const group = () => port.groupOf(keyspace);
  const counter = (name: string) => () => port.status().counters[name] ?? 0;
  const fromMachine = (read: (machine: EtcdMachine) => number) => () => {
    const view = group()?.view;
    return view instanceof EtcdMachine ? read(view) : null;
  };

  const lost = () => port.status().keyspaces.flatMap((one) => port.lostFiles(one.keyspace));
  registry.gauge(
    "quorate_lost_files",
    "Files with writes of this member that its keyspaces have not: `keyspace lost` lists them.",
    () => lost().length,
  );
  registry.gauge("quorate_lost_file_bytes", "Bytes of these files.", () =>
    lost().reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const perKeyspace = (read: (group: GroupStatus) => number | null) => () =>
    port.status().keyspaces.map(({ name, keyspace: id }) => {
      const known = port.groupOf(id);
      return { labels: labels({ keyspace: name }), read: () => (known ? read(known) : null) };
    });
  registry.changingGauges(
    "quorate_replicas",
    "Replicas of each keyspace of which this member holds one.",
    perKeyspace(({ config }) => config.voters.length),
  );
  registry.changingGauges(
    "quorate_replicas_in_step",
    "Of these, how many hold all that was acknowledged; absent where the leader is elected, who alone knows.",
    perKeyspace(({ inStep }) => inStep?.length ?? null),
  );
  registry.gauge(
    "etcd_server_has_leader",
    "Whether or not a leader exists. 1 is existence, 0 is not.",
    () => (group()?.leader == null ? 0 : 1),
  );
  registry.gauge(
    "etcd_server_is_leader",
    "Whether or not this member is a leader. 1 if is, 0 otherwise.",
    () => (group()?.role === "leader" ? 1 : 0),
  );
  registry.gauge(
    "etcd_server_is_learner",
    "Whether or not this member is a learner. 1 if is, 0 otherwise.",
    () => (group()?.role === "learner" ? 1 : 0),
  );
  registry.counter(
    "etcd_server_leader_changes_seen_total",
    "The number of leader changes seen.",
    counter("leader_changes_seen"),
  );
  registry.gauge(
    "etcd_server_proposals_committed_total",
    "The total number of consensus proposals committed.",
    () => group()?.commitIndex ?? 0,
  );
  registry.gauge(
    "etcd_server_proposals_applied_total",
    "The total number of consensus proposals applied.",
    () => group()?.appliedIndex ?? 0,
  );
  registry.gauge(
    "etcd_server_proposals_pending",
    "The current number of pending proposals to commit.",
    () => port.status().pending,
  );
  registry.counter(
    "etcd_server_proposals_failed_total",
    "The total number of failed proposals seen.",
    counter("proposals_failed"),
  );
  registry.gauge(
    "etcd_server_version",
    "Which version is running. 1 for 'server_version' label with current version.",
    () => 1,
    labels({ server_version: about.version }),
  );
  registry.gauge(
    "etcd_server_id",
    "Server or member ID in hexadecimal format. 1 for 'server_id' label with current ID.",
    () => 1,
    labels({ server_id: port.identity.node.toString(16) }),
  );
  registry.gauge(
    "etcd_server_quota_backend_bytes",
    "Current backend storage quota size in bytes.",
    fromMachine((machine) => machine.quotaBytes),
  );
  registry.gauge(
    "etcd_mvcc_db_total_size_in_bytes",
    "Total size of the underlying database physically allocated in bytes.",
    fromMachine((machine) => machine.bytesAllocated),
  );
  registry.gauge(
    "etcd_mvcc_db_total_size_in_use_in_bytes",
    "Total size of the underlying database logically in use in bytes.",
    fromMachine((machine) => machine.bytesInUse),
  );
  registry.gauge(
    "etcd_debugging_mvcc_keys_total",
    "Total number of keys.",
    fromMachine((machine) => machine.keyCount),
  );
  registry.gauge(
    "etcd_debugging_mvcc_watcher_total",
    "Total number of watchers.",
    fromMachine((machine) => machine.watches.count),
  );
  registry.gauge(
    "etcd_debugging_mvcc_current_revision",
    "The current revision of store.",
    fromMachine((machine) => machine.revision),
  );
  registry.gauge(
    "etcd_debugging_mvcc_compact_revision",
    "The revision of the last compaction in store.",
    fromMachine((machine) => machine.compactRevision),
  );
}
