import {
  type CallObserver,
  CODE_NAMES,
  type Method,
  type ServiceTable,
} from "../gateway/grpc/index.ts";
import { type Counters, type Histogram, labels, type MetricsRegistry } from "./registry.ts";

const TYPES = { unary: "unary", serverStream: "server_stream", bidiStream: "bidi_stream" } as const;

/** Upper bounds in seconds: those of Prometheus' client libraries. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts calls under the names that grpc-go's Prometheus interceptor and etcd give them. */
export class CallMetrics implements CallObserver {
  readonly #indexOf = new WeakMap<Method, number>();
  readonly #started: Counters;
  readonly #handled: Counters;
  readonly #seconds: Histogram;
  readonly #received: Counters;
  readonly #sent: Counters;

  constructor(registry: MetricsRegistry, table: ServiceTable) {
    const series = table.methods.map(seriesOf);
    this.alsoOf(table);
    const handled = series.flatMap((method) =>
      CODE_NAMES.map((code) => `grpc_code="${code}",${method}`),
    );
    this.#started = registry.counters(
      "grpc_server_started_total",
      "Total number of RPCs started on the server.",
      series,
    );
    this.#handled = registry.counters(
      "grpc_server_handled_total",
      "Total number of RPCs completed on the server, regardless of success or failure.",
      handled,
    );
    this.#seconds = registry.histogram(
      "grpc_server_handling_seconds",
      "Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.",
      SECONDS,
      series,
    );
    this.#received = registry.counters(
      "etcd_network_client_grpc_received_bytes_total",
      "The total number of bytes received from grpc clients.",
    );
    this.#sent = registry.counters(
      "etcd_network_client_grpc_sent_bytes_total",
      "The total number of bytes sent to grpc clients.",
    );
  }

  /** Another port has the same methods: its calls count with these. */
  alsoOf(table: ServiceTable): void {
    for (const [i, method] of table.methods.entries()) this.#indexOf.set(method, i);
  }

  started(method: Method): void {
    this.#started.add(this.#indexOf.get(method) ?? 0, 1);
  }

  finished(method: Method, code: number, elapsedMs: number): void {
    const index = this.#indexOf.get(method) ?? 0;
    this.#handled.add(index * CODE_NAMES.length + code, 1);
    this.#seconds.observe(elapsedMs / 1000, index);
  }

  received(bytes: number): void {
    this.#received.add(0, bytes);
  }

  sent(bytes: number): void {
    this.#sent.add(0, bytes);
  }
}

function seriesOf({ service, name, type }: Method): string {
  return labels({ grpc_method: name, grpc_service: service, grpc_type: TYPES[type] });
}
