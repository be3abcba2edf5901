import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Cluster } from "../support/cluster.ts";
import { within } from "../support/deadline.ts";
import { decodeMessage, encodeMessage, methodOf, type Plain } from "../support/etcd-messages.ts";
import { type GrpcStatus, GrpcWire, type WireCall } from "../support/grpc-wire.ts";
import type { Told } from "./case.ts";
import { Normaliser } from "./normalise.ts";

/** A step that is not answered in this time is told so, and the comparison shows it. */
const STEP_MILLIS = 10_000;
const LABEL_CHARACTERS_MAX = 60;

/** One of the two clusters under comparison, as its clients see it. Each method is a step; its answer is kept. */
export class Subject {
  readonly cluster: Cluster;
  readonly told: Told[] = [];
  readonly #normaliser: Normaliser;
  readonly #wire: GrpcWire;
  readonly #calls: WireCall[] = [];
  #base = 0;

  private constructor(cluster: Cluster, normaliser: Normaliser) {
    this.cluster = cluster;
    this.#normaliser = normaliser;
    this.#wire = new GrpcWire(this.endpoint);
  }

  /** Empties the store and notes its revision: from here on revisions are counted from it. */
  static async on(cluster: Cluster): Promise<Subject> {
    const members = (await post(cluster, "/v3/cluster/member/list", {})).body;
    const subject = new Subject(cluster, new Normaliser(cluster, members));
    const everything = { key: "AA==", range_end: "AA==" };
    const { body } = await post(cluster, "/v3/kv/deleterange", everything);
    subject.#base = revisionOf(body);
    subject.#normaliser.base = subject.#base;
    const leases = (await post(cluster, "/v3/lease/leases", {})).body as {
      leases?: readonly { ID: string }[];
    };
    for (const { ID } of leases.leases ?? []) await post(cluster, "/v3/lease/revoke", { ID });
    return subject;
  }

  /** The first member's client port; all steps go there. */
  get endpoint(): string {
    return this.cluster.endpoints[0] ?? "";
  }

  /** The n-th revision after the one at which the case began. */
  rev(n: number): number {
    return this.#base + n;
  }

  /** A number of a member, in JSON and on etcdctl's command line. */
  async memberId(name: string): Promise<{ readonly decimal: string; readonly hex: string }> {
    const list = (await post(this.cluster, "/v3/cluster/member/list", {})).body as {
      readonly members: readonly { readonly ID: string; readonly name: string }[];
    };
    const id = list.members.find((member) => member.name === name)?.ID ?? "0";
    return { decimal: id, hex: BigInt(id).toString(16) };
  }

  /** Runs etcdctl and keeps its exit code, what it printed and its error. JSON is read, and compared by field. */
  async ctl(...args: readonly string[]): Promise<string> {
    return this.ctlAt([this.endpoint], ...args);
  }

  async ctlAt(endpoints: readonly string[], ...args: readonly string[]): Promise<string> {
    const answer = await etcdctl(endpoints, args, "");
    this.#tell(`etcdctl ${args.join(" ")}`, answer);
    return answer.stdout;
  }

  /** The same with text on its standard input, as `etcdctl txn` wants it. */
  async ctlReading(input: string, ...args: readonly string[]): Promise<void> {
    this.#tell(`etcdctl ${args.join(" ")}`, await etcdctl([this.endpoint], args, input));
  }

  /** POSTs JSON to the gateway; a text is sent as it is. */
  async json(path: string, body: Plain | string): Promise<Plain> {
    const answer = await post(this.cluster, path, body);
    this.#tell(`POST ${path}`, answer);
    return answer.body as Plain;
  }

  async http(method: string, path: string): Promise<void> {
    const response = await fetch(`http://${this.endpoint}${path}`, { method });
    const body = textOrJson(await response.text());
    const type = response.headers.get("content-type");
    this.#tell(`${method} ${path}`, { status: response.status, type, body });
  }

  /** A unary call, its request given as an object or as raw bytes of the message. */
  async unary(
    method: string,
    request: Plain | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Plain | null> {
    const { path, request: type, response } = methodOf(method);
    const bytes = request instanceof Uint8Array ? request : encodeMessage(type, request as Plain);
    const call = this.#wire.open(path, headers).send(bytes).end();
    const message = await within(STEP_MILLIS, method, call.next());
    const answer = message === null ? null : decodeMessage(response, message);
    this.#tell(method, { ...told(await call.status), message: answer });
    return answer;
  }

  /** A call to any path with any bytes after the headers, prefix and all. */
  async rawCall(
    path: string,
    bytes: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const call = this.#wire.open(path, headers).sendRaw(bytes).end();
    const status = await within(STEP_MILLIS, path, call.status);
    this.#tell(path, { ...told(status), messages: call.waiting });
  }

  stream(method: string, headers: Readonly<Record<string, string>> = {}): SubjectStream {
    const { path, request, response } = methodOf(method);
    const call = this.#wire.open(path, headers);
    this.#calls.push(call);
    return new SubjectStream(method, call, request, response, (step, answer) =>
      this.#tell(step, answer),
    );
  }

  close(): void {
    for (const call of this.#calls) call.cancel();
    this.#wire.close();
  }

  #tell(step: string, answer: unknown): void {
    const label = this.#normaliser
      .text(step)
      .replace(/\b\d{2,}\b/g, "<n>")
      .slice(0, LABEL_CHARACTERS_MAX);
    this.told.push({
      step: `${this.told.length + 1} ${label}`,
      answer: this.#normaliser.value(answer),
    });
  }
}

/** A stream of the subject; every message that is taken is a step. */
export class SubjectStream {
  readonly #method: string;
  readonly #call: WireCall;
  readonly #request: Parameters<typeof encodeMessage>[0];
  readonly #response: Parameters<typeof decodeMessage>[0];
  readonly #tell: (step: string, answer: unknown) => void;

  constructor(
    method: string,
    call: WireCall,
    request: Parameters<typeof encodeMessage>[0],
    response: Parameters<typeof decodeMessage>[0],
    tell: (step: string, answer: unknown) => void,
  ) {
    this.#method = method;
    this.#call = call;
    this.#request = request;
    this.#response = response;
    this.#tell = tell;
  }

  send(message: Plain): this {
    this.#call.send(encodeMessage(this.#request, message));
    return this;
  }

  sendRaw(bytes: Uint8Array): this {
    this.#call.sendRaw(bytes);
    return this;
  }

  end(): this {
    this.#call.end();
    return this;
  }

  /** The next message. */
  async take(): Promise<Plain | null> {
    const message = await this.#next();
    this.#tell(`${this.#method} message`, message);
    return message;
  }

  /** Events of as many responses as it takes to have this many: how they are cut into responses is left open. */
  async takeEvents(count: number): Promise<void> {
    const events: unknown[] = [];
    while (events.length < count) {
      const message = await this.#next();
      if (message === null || message["canceled"] === true) {
        events.push(message);
        break;
      }
      events.push(...((message["events"] as readonly unknown[] | undefined) ?? []));
    }
    this.#tell(`${this.#method} events`, events);
  }

  /** How the call ended, once it has. */
  async takeStatus(): Promise<void> {
    const status = await within(STEP_MILLIS, this.#method, this.#call.status);
    this.#tell(`${this.#method} end`, told(status));
  }

  async #next(): Promise<Plain | null> {
    const message = await within(STEP_MILLIS, this.#method, this.#call.next());
    return message === null ? null : decodeMessage(this.#response, message);
  }
}

const told = ({ code, message, http, contentType }: GrpcStatus): Plain => ({
  code,
  error: message,
  http,
  contentType,
});

interface Printed {
  readonly exit: number;
  readonly stdout: string;
  readonly printed: unknown;
  readonly error: string;
}

async function etcdctl(
  endpoints: readonly string[],
  args: readonly string[],
  input: string,
): Promise<Printed> {
  const child = spawn("etcdctl", ["--endpoints", endpoints.join(","), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ETCDCTL_API: "3" },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  // A command that reads no input may have ended before it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill("SIGKILL"), STEP_MILLIS);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  const exit = code ?? -1;
  return { exit, stdout, printed: textOrJson(stdout), error: withoutWarnings(stderr) };
}

async function post(
  cluster: Cluster,
  path: string,
  body: Plain | string,
): Promise<{ readonly status: number; readonly type: string | null; readonly body: unknown }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`http://${cluster.endpoints[0]}${path}`, {
    method: "POST",
    body: text,
    signal: AbortSignal.timeout(STEP_MILLIS),
  });
  const type = response.headers.get("content-type");
  return { status: response.status, type, body: textOrJson(await response.text()) };
}

/** Integers that a double cannot hold are kept as the digits that were written. */
function textOrJson(text: string): unknown {
  if (!/^[{[]/.test(text)) return text;
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === "number" && !Number.isSafeInteger(value) ? context?.source : value,
    );
  } catch {
    return text;
  }
}

/** etcdctl logs its retries as JSON lines among its errors; when it retries is no part of the answer. */
const withoutWarnings = (stderr: string): string =>
  stderr
    .split("\n")
    .filter((line) => !line.startsWith("{"))
    .join("\n");

function revisionOf(body: unknown): number {
  const { header } = body as { readonly header: { readonly revision: string } };
  return Number(header.revision);
}
