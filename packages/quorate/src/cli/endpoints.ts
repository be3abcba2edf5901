import http from "node:http";
import { CommandFailed, Exit, usage } from "./exit.ts";

/** Where `npm start` puts a cluster. */
export const DEFAULT_ENDPOINTS = "127.0.0.1:2379,127.0.0.1:22379,127.0.0.1:32379";

/** An answer larger than this is not gathered. */
const ANSWER_BYTES_MAX = 1 << 30;
const CONNECT_MILLIS = 2000;

/** gRPC codes after which nobody knows whether a write happened. */
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
/** Unavailable, and certainly not done: another endpoint may do it. */
const NOT_DONE = ["etcdserver: no leader", "etcdserver: server stopped"];

export interface CallOptions {
  /** Whether it may change something: then an end without an answer is an unknown outcome. */
  readonly write: boolean;
}

/** The client ports of a cluster, spoken to in JSON over HTTP/1.1. */
export class Endpoints {
  readonly all: readonly string[];
  readonly #timeoutMillis: number;

  constructor(list: string, timeoutMillis: number) {
    this.all = list.split(",").map(endpointOf);
    this.#timeoutMillis = timeoutMillis;
  }

  /**
   * Asks one endpoint after another until one answers. Only what certainly did not happen is asked again. Throws
   * `CommandFailed`, with exit 3 where a write may have happened.
   */
  async call(path: string, body: object, { write }: CallOptions): Promise<unknown> {
    const failures: string[] = [];
    for (const endpoint of this.all) {
      const answer = await this.callAt(endpoint, path, body);
      if (answer.type === "ok") return answer.value;
      const { message, definite } = answer;
      if (write && !definite) throw outcomeUnknown(endpoint, message);
      if (!answer.elsewhere) throw new CommandFailed(Exit.failed, `${endpoint}: ${message}`);
      failures.push(`${endpoint}: ${message}`);
    }
    throw new CommandFailed(Exit.failed, `no endpoint served this:\n  ${failures.join("\n  ")}`);
  }

  callAt(endpoint: string, path: string, body: object): Promise<Answer> {
    return exchange(endpoint, path, JSON.stringify(body), this.#timeoutMillis);
  }

  /** The JSON lines of a streaming answer of one endpoint, until it ends or `signal` aborts. Throws `StreamBroken`. */
  async *stream(
    endpoint: string,
    path: string,
    body: object,
    signal: AbortSignal,
  ): AsyncGenerator<unknown> {
    const response = await openStream(endpoint, path, JSON.stringify(body), signal);
    let held = "";
    try {
      for await (const chunk of response) {
        const lines = (held + String(chunk)).split("\n");
        held = lines.pop() ?? "";
        for (const line of lines) if (line !== "") yield JSON.parse(line);
      }
    } catch (error) {
      if (!signal.aborted) throw new StreamBroken((error as Error).message);
    } finally {
      response.destroy();
    }
  }

  /** Whether the endpoint confirms a linearizable read. */
  async health(endpoint: string): Promise<boolean> {
    const answer = await exchange(endpoint, "/health", null, this.#timeoutMillis);
    return answer.type === "ok" && (answer.value as { health?: unknown }).health === "true";
  }
}

/** The connection of a stream ended; it may be opened again elsewhere. */
export class StreamBroken extends Error {
  override readonly name = "StreamBroken";
}

export type Answer =
  | { readonly type: "ok"; readonly value: unknown }
  | {
      readonly type: "failed";
      readonly message: string;
      /** It certainly had no effect. */
      readonly definite: boolean;
      /** Another endpoint may do better. */
      readonly elsewhere: boolean;
    };

const outcomeUnknown = (endpoint: string, message: string): CommandFailed =>
  new CommandFailed(
    Exit.unknown,
    `${endpoint}: ${message}\nthe outcome is unknown: the write may have happened, or may yet happen`,
  );

/** `host:port` or an http URL as `host:port`. */
export function endpointOf(text: string): string {
  const endpoint = text
    .trim()
    .replace(/^http:\/\//, "")
    .replace(/\/$/, "");
  if (!/^(\[[^\]]+\]|[^:[\]/]+):\d{1,5}$/.test(endpoint)) {
    throw usage(`"${text}" is no endpoint: write host:port or http://host:port`);
  }
  return endpoint;
}

function exchange(
  endpoint: string,
  path: string,
  body: string | null,
  timeoutMillis: number,
): Promise<Answer> {
  return new Promise((resolve) => {
    let connected = false;
    const failed = (message: string): void => {
      request.destroy();
      resolve({ type: "failed", message, definite: !connected, elsewhere: true });
    };
    const request = http.request(requestOptions(endpoint, path, body), (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_BYTES_MAX) failed("the answer is too large: use --limit");
      });
      response.on("error", (error) => failed(error.message));
      response.on("end", () => {
        clearTimeout(timer);
        resolve(answerOf(response.statusCode ?? 0, text));
      });
    });
    const connecting = setTimeout(() => failed("it does not accept connections"), CONNECT_MILLIS);
    const timer = setTimeout(() => failed(`no answer in ${timeoutMillis} ms`), timeoutMillis);
    request.on("socket", (socket) => {
      socket.on("connect", () => {
        connected = true;
        clearTimeout(connecting);
      });
    });
    request.on("close", () => {
      clearTimeout(connecting);
      clearTimeout(timer);
    });
    request.on("error", (error) => failed(error.message || "it does not accept connections"));
    request.end(body ?? undefined);
  });
}

function openStream(
  endpoint: string,
  path: string,
  body: string,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { ...requestOptions(endpoint, path, body), signal };
    const request = http.request(options, (response) => {
      response.setEncoding("utf8");
      resolve(response);
    });
    request.on("error", (error) => reject(new StreamBroken(error.message)));
    request.end(body);
  });
}

function requestOptions(endpoint: string, path: string, body: string | null): http.RequestOptions {
  const { hostname, port } = new URL(`http://${endpoint}`);
  const host = hostname.replace(/^\[|\]$/g, "");
  const headers = { "content-type": "application/json", connection: "close" };
  return { host, port, path, method: body === null ? "GET" : "POST", headers, agent: false };
}

function answerOf(status: number, text: string): Answer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const message = `it answered with status ${status} and no JSON: is this a client port?`;
    return { type: "failed", message, definite: true, elsewhere: true };
  }
  if (status === 200) return { type: "ok", value };
  const { code, message } = value as { code?: unknown; message?: unknown };
  return failureOf(Number(code), typeof message === "string" ? message : `status ${status}`);
}

/** What a status of the API means for whoever asked. */
export function failureOf(code: number, message: string): Answer {
  const notDone = NOT_DONE.includes(message);
  const definite = notDone || (code !== UNAVAILABLE && code !== DEADLINE_EXCEEDED);
  return { type: "failed", message, definite, elsewhere: code === UNAVAILABLE };
}
