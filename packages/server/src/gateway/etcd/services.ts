import { type Method, ServiceTable } from "../grpc/index.ts";
import { AUTH } from "./auth.ts";
import { openCacheStream } from "./cache-stream.ts";
import { CLUSTER } from "./cluster.ts";
import type { EtcdContext } from "./context.ts";
import { Exchange, type Service } from "./exchange.ts";
import { HEALTH } from "./health.ts";
import { openKeepAliveStream } from "./keep-alive-stream.ts";
import { KEYSPACES } from "./keyspaces.ts";
import { KV } from "./kv.ts";
import { LEASE } from "./lease.ts";
import { lossesMethods } from "./losses.ts";
import { MAINTENANCE } from "./maintenance.ts";
import { openWatchStream } from "./watch-stream.ts";

/** Every method that clients find on a port. */
export function etcdServices(context: EtcdContext): ServiceTable {
  return new ServiceTable([
    ...methodsOf(context, "etcdserverpb.KV", KV),
    {
      service: "etcdserverpb.Watch",
      name: "Watch",
      type: "bidiStream",
      open: (call) => openWatchStream(context, call),
    },
    ...methodsOf(context, "etcdserverpb.Lease", LEASE),
    {
      service: "etcdserverpb.Lease",
      name: "LeaseKeepAlive",
      type: "bidiStream",
      open: (call) => openKeepAliveStream(context, call),
    },
    ...methodsOf(context, "etcdserverpb.Cluster", CLUSTER),
    ...methodsOf(context, "etcdserverpb.Maintenance", MAINTENANCE),
    ...methodsOf(context, "etcdserverpb.Auth", AUTH),
    ...methodsOf(context, "quorate.Keyspaces", KEYSPACES),
    ...lossesMethods(context),
    {
      service: "quorate.v1.Cache",
      name: "Lease",
      type: "bidiStream",
      open: (call) => openCacheStream(context, call),
    },
    ...HEALTH,
  ]);
}

function methodsOf(
  context: EtcdContext,
  service: string,
  methods: readonly Service[],
): readonly Method[] {
  return methods.map((method) => ({
    service,
    name: method.name,
    type: method.streams ? "serverStream" : "unary",
    open: (call) => new Exchange(context, call, method),
  }));
}
