import type { IncomingMessage, ServerResponse } from "node:http";
import type { Counters, MetricsRegistry } from "../../metrics/index.ts";
import type { EtcdContext } from "../etcd/index.ts";
import { type Ailment, alarmAilment, leaderAilment, ReadProbe } from "./health-probe.ts";

/** Health checks, of all ports of a node together. */
export interface HealthCounters {
  readonly healthy: Counters;
  readonly unhealthy: Counters;
}

export const healthCounters = (metrics: MetricsRegistry): HealthCounters => ({
  healthy: metrics.counters(
    "etcd_server_health_success",
    "The total number of successful health checks",
  ),
  unhealthy: metrics.counters(
    "etcd_server_health_failures",
    "The total number of failed health checks",
  ),
});

/** `/health`, `/livez`, `/readyz`, `/version` and `/metrics`: what probes, load balancers and scrapers ask for. */
export class Endpoints {
  readonly #context: EtcdContext;
  readonly #counters: HealthCounters;
  readonly #metrics: () => string;

  /** `metrics`: what a scrape gets. */
  constructor(context: EtcdContext, counters: HealthCounters, metrics: () => string) {
    this.#context = context;
    this.#counters = counters;
    this.#metrics = metrics;
  }

  /** True if the path is one of these, and then it is answered. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    const answer = this.#find(url.pathname);
    if (answer === null) return false;
    if (request.method === "GET") answer(response, url.searchParams);
    else send(response, 405, "text/plain; charset=utf-8", "Method Not Allowed\n", { allow: "GET" });
    return true;
  }

  #find(path: string): ((response: ServerResponse, query: URLSearchParams) => void) | null {
    if (path === "/health") return (response, query) => this.#health(response, query);
    if (path === "/version") return (response) => this.#version(response);
    if (path === "/metrics") {
      return (response) =>
        send(response, 200, "text/plain; version=0.0.4; charset=utf-8", this.#metrics());
    }
    const [, probe, only, rest] = path.split("/");
    if (rest !== undefined || (probe !== "livez" && probe !== "readyz")) return null;
    const names = PROBES[probe].filter((name) => only === undefined || name === only);
    if (names.length === 0) return null;
    return (response, query) => this.#probe(response, query, probe, names);
  }

  #health(response: ServerResponse, query: URLSearchParams): void {
    const serializable = query.get("serializable") === "true";
    const { port, keyspace, options } = this.#context;
    const ailment =
      alarmAilment(port, keyspace, new Set(query.getAll("exclude"))) ??
      (serializable ? null : leaderAilment(port, keyspace));
    const answer = (reason: Ailment): void => {
      (reason === null ? this.#counters.healthy : this.#counters.unhealthy).add(0, 1);
      const body = JSON.stringify({ health: String(reason === null), reason: reason ?? "" });
      if (reason === null) send(response, 200, "text/plain; charset=utf-8", body);
      else send(response, 503, "text/plain; charset=utf-8", `${body}\n`);
    };
    if (ailment !== null) answer(ailment);
    else ReadProbe.start(port, keyspace, serializable, options.requestTimeoutMs, answer);
  }

  #version(response: ServerResponse): void {
    const { version, clusterVersion, storageVersion } = this.#context.options;
    const body = JSON.stringify({
      etcdserver: version,
      etcdcluster: clusterVersion,
      storage: storageVersion,
    });
    send(response, 200, "application/json", body);
  }

  /** Runs the checks one after another and lists them where one failed or `verbose` was asked for. */
  #probe(
    response: ServerResponse,
    query: URLSearchParams,
    probe: string,
    names: readonly CheckName[],
  ): void {
    const excluded = new Set(query.getAll("exclude"));
    const results: (readonly [CheckName, Ailment])[] = [];
    const next = (): void => {
      const name = names[results.length];
      if (name === undefined) {
        sendProbe(response, probe, results, query.has("verbose"));
        return;
      }
      this.#check(name, excluded.has(name), (ailment) => {
        results.push([name, ailment]);
        next();
      });
    };
    next();
  }

  #check(name: CheckName, excluded: boolean, done: (ailment: Ailment) => void): void {
    const { port, keyspace, options } = this.#context;
    const group = port.groupOf(keyspace);
    if (excluded) done(null);
    else if (name === "data_corruption") done(alarmAilment(port, keyspace, NOT_CORRUPTION));
    else if (name === "non_learner")
      done(group?.role === "learner" ? "this member is a learner" : null);
    else {
      const serializable = name === "serializable_read";
      ReadProbe.start(port, keyspace, serializable, options.requestTimeoutMs, done);
    }
  }
}

type CheckName = "serializable_read" | "data_corruption" | "linearizable_read" | "non_learner";

const PROBES: Readonly<Record<"livez" | "readyz", readonly CheckName[]>> = {
  livez: ["serializable_read"],
  readyz: ["data_corruption", "serializable_read", "linearizable_read", "non_learner"],
};

/** Every alarm but the one that the check is about. */
const NOT_CORRUPTION: ReadonlySet<string> = new Set(["NOSPACE", "UNKNOWN"]);

function sendProbe(
  response: ServerResponse,
  probe: string,
  results: readonly (readonly [CheckName, Ailment])[],
  verbose: boolean,
): void {
  const lines = results.map(([name, ailment]) =>
    ailment === null ? `[+]${name} ok\n` : `[-]${name} failed: ${ailment}\n`,
  );
  const failed = results.some(([, ailment]) => ailment !== null);
  const text = "text/plain; charset=utf-8";
  if (failed) send(response, 503, text, `${lines.join("")}${probe} check failed\n`);
  else if (verbose) send(response, 200, text, `${lines.join("")}${probe} check passed\n`);
  else send(response, 200, text, "ok\n");
}

function send(
  response: ServerResponse,
  code: number,
  contentType: string,
  body: string,
  more: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return;
  response.writeHead(code, {
    "content-type": contentType,
    "x-content-type-options": "nosniff",
    ...more,
  });
  response.end(body);
}
