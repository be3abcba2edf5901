import http from "node:http";
import https from "node:https";
import { TLSSocket } from "node:tls";
import type { ClientTls } from "./client-tls.ts";
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

/** The client ports of a cluster, spoken to in JSON over HTTP/1.1, with TLS or without. */
export class Endpoints {
  /** As `endpointOf` writes them. */
  readonly all: readonly string[];
  readonly #timeoutMillis: number;
  readonly #tls: ClientTls;

  constructor(list: string, timeoutMillis: number, tls: ClientTls) {
    this.#tls = tls;
    this.all = list.split(",").map((text) => endpointOf(text, tls.asked));
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
    throw new CommandFailed(
      Exit.failed,
      `no endpoint served this (--endpoints names others):\n  ${failures.join("\n  ")}`,
    );
  }

  callAt(endpoint: string, path: string, body: object): Promise<Answer> {
    return exchange(this.#request(endpoint, path, JSON.stringify(body)), this.#timeoutMillis);
  }

  /** The JSON lines of a streaming answer of one endpoint, until it ends or `signal` aborts. Throws `StreamBroken`. */
  async *stream(
    endpoint: string,
    path: string,
    body: object,
    signal: AbortSignal,
  ): AsyncGenerator<unknown> {
    const response = await openStream(this.#request(endpoint, path, JSON.stringify(body)), signal);
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
    const answer = await exchange(this.#request(endpoint, "/health", null), this.#timeoutMillis);
    return answer.type === "ok" && (answer.value as { health?: unknown }).health === "true";
  }

  #request(endpoint: string, path: string, body: string | null): Request {
    const { protocol, hostname, port } = new URL(
      endpoint.includes("://") ? endpoint : `http://${endpoint}`,
    );
    const host = hostname.replace(/^\[|\]$/g, "");
    const headers = { "content-type": "application/json", connection: "close" };
    const method = body === null ? "GET" : "POST";
    const options = { host, port: port || PORTS[protocol], path, method, headers, agent: false };
    if (protocol === "http:")
      return { open: (more) => http.request({ ...options, ...more }), body };
    const secured = { ...options, ...this.#tls.options, ALPNProtocols: ["http/1.1"] };
    return { open: (more) => https.request({ ...secured, ...more }), body };
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

/** A member's own URL, in the form of `Endpoints.all`: it says itself whether TLS is spoken. */
export const advertisedEndpoint = (url: string): string => endpointOf(url, false);

/** `host:port`, or `https://host:port` where TLS is spoken: because the URL says so, or `tlsAsked` and the URL nothing. */
function endpointOf(text: string, tlsAsked: boolean): string {
  const [, scheme, endpoint = ""] = /^(?:(https?):\/\/)?(.*?)\/?$/s.exec(text.trim()) ?? [];
  if (!/^(\[[^\]]+\]|[^:[\]/]+):\d{1,5}$/.test(endpoint)) {
    throw usage(`"${text}" is no endpoint: write host:port, http://host:port or https://host:port`);
  }
  if (scheme === "http" && tlsAsked) {
    throw usage(
      `"${text}" is to be spoken to in plain text, but --cacert and its like ask for TLS: write https://, or leave ` +
        "them out",
    );
  }
  return scheme === "https" || tlsAsked ? `https://${endpoint}` : endpoint;
}

/** A request that is ready to be made. */
interface Request {
  readonly open: (more: { readonly signal?: AbortSignal }) => http.ClientRequest;
  readonly body: string | null;
}

/** What a URL leaves out. */
const PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

function exchange({ open, body }: Request, timeoutMillis: number): Promise<Answer> {
  return new Promise((resolve) => {
    let connected = false;
    const failed = (message: string): void => {
      request.destroy();
      resolve({ type: "failed", message, definite: !connected, elsewhere: true });
    };
    const request = open({});
    request.on("response", (response) => {
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
      // A handshake that fails has carried nothing.
      socket.on(socket instanceof TLSSocket ? "secureConnect" : "connect", () => {
        connected = true;
        clearTimeout(connecting);
      });
    });
    request.on("close", () => {
      clearTimeout(connecting);
      clearTimeout(timer);
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      // It is by an alert that TLS 1.3 refuses a certificate, after the client has taken the handshake for done.
      if (REFUSED_CERTIFICATE.test(error.code ?? "")) connected = false;
      failed(explained(error));
    });
    request.end(body ?? undefined);
  });
}

function openStream({ open, body }: Request, signal: AbortSignal): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = open({ signal });
    request.on("response", (response) => {
      response.setEncoding("utf8");
      resolve(response);
    });
    request.on("error", (error) => reject(new StreamBroken(error.message)));
    request.end(body ?? undefined);
  });
}

/** OpenSSL's names for the alerts that speak of a certificate. */
const REFUSED_CERTIFICATE = /^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA)/;

/** What went wrong with a connection, and what to do where that is not plain. */
function explained({ code = "", message }: NodeJS.ErrnoException): string {
  if (code === "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")
    return "it asks for a certificate: give --cert and --key";
  if (REFUSED_CERTIFICATE.test(code)) return `it refuses the certificate of --cert (${code})`;
  if (UNTRUSTED.includes(code))
    return `its certificate is of no authority that is trusted (${message}): give the authority that signed it as --cacert`;
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO")
    return "it does not speak TLS: leave https:// and --cacert out";
  if (code === "ECONNRESET")
    return `${message}; so hangs up a port that speaks the other of http:// and https://, and one that does not trust --cert`;
  return message || "it does not accept connections";
}

const UNTRUSTED: readonly string[] = [
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_GET_ISSUER_CERT",
];

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
