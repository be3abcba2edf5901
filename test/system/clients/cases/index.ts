import type { Case } from "../case.ts";
import { AUTH_CASES } from "./auth.ts";
import { CLUSTER_CASES } from "./cluster.ts";
import { COMPACTION_CASES } from "./compaction.ts";
import { ENDPOINT_CASES } from "./endpoints.ts";
import { ERROR_CASES } from "./errors.ts";
import { GATEWAY_CASES } from "./gateway.ts";
import { LEASE_CASES } from "./lease.ts";
import { PUT_CASES } from "./put.ts";
import { RANGE_CASES } from "./range.ts";
import { RECIPE_CASES } from "./recipes.ts";
import { TXN_CASES } from "./txn.ts";
import { WATCH_CASES } from "./watch.ts";

/** In the order in which they run. The last ones move leaders, so that all others find the cluster at rest. */
export const CASES: readonly Case[] = [
  ...PUT_CASES,
  ...RANGE_CASES,
  ...TXN_CASES,
  ...COMPACTION_CASES,
  ...LEASE_CASES,
  ...WATCH_CASES,
  ...GATEWAY_CASES,
  ...ERROR_CASES,
  ...ENDPOINT_CASES,
  ...AUTH_CASES,
  ...RECIPE_CASES,
  ...CLUSTER_CASES,
];
