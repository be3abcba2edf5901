import http from "node:http";

/** How a call ended. */
export type Answer<T> =
  | { readonly type: "ok"; readonly body: T }
  /** It certainly had no effect: the member was not reached, or said so. */
  | { readonly type: "failed"; readonly why: string }
  | { readonly type: "unknown"; readonly why: string };

/** Texts by which a member promises that nothing was done. */
const DEFINITE: ReadonlySet<string> = new Set([
  "etcdserver: no leader",
  "raft proposal dropped",
  "etcdserver: mvcc: database space exceeded",
  "etcdserver: too many requests",
  "etcdserver: requested lease not found",
]);

/** More than any answer that we ask for. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Connections kept to one member: one for each client is enough, and a member that hangs holds no more. */
const SOCKETS_MAX = 256;

/** etcd's JSON gateway, at any member. Its connections are kept. */
export class Api {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  /** What all calls speak of; null: the keyspace behind the port. */
  #keyspace: string | null = null;

  /** From now on calls speak of this keyspace. */
  use(keyspace: string): void {
    this.#keyspace = keyspace;
  }

  /** One call, under `/v3`. Never rejects. */
  call<T>(endpoint: string, path: string, body: object, millis: number): Promise<Answer<T>> {
    return new Promise((resolve) => {
      const request = this.#post(endpoint, path);
      const timer = setTimeout(() => request.destroy(new Error("no answer in time")), millis);
      const end = (answer: Answer<T>): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      request.on("error", (error: NodeJS.ErrnoException) => {
        const why = error.code ?? error.message;
        // Only a connection that was never made is sure to have carried nothing.
        end({ type: why === "ECONNREFUSED" ? "failed" : "unknown", why });
      });
      request.on("response", (response) => {
        gather(response, (text) => end(answerOf(response.statusCode ?? 0, text)));
      });
      request.end(JSON.stringify(body));
    });
  }

  /**
   * A call whose answer is a stream of JSON lines. `onLine` hears each until the stream ends, by itself or when the returned
   * function is called; then `ended` resolves.
   */
  stream(
    endpoint: string,
    path: string,
    body: object,
    onLine: (line: unknown) => void,
  ): { readonly ended: Promise<void>; readonly close: () => void } {
    const request = this.#post(endpoint, path);
    const ended = new Promise<void>((resolve) => {
      request.on("error", () => resolve());
      request.on("close", () => resolve());
      request.on("response", (response) => {
        const split = lines(onLine);
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          if (!split(chunk)) request.destroy();
        });
        response.on("error", () => resolve());
        response.on("end", () => resolve());
      });
    });
    request.end(JSON.stringify(body));
    return { ended, close: () => request.destroy() };
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(endpoint: string, path: string): http.ClientRequest {
    const [host, port] = endpoint.split(":");
    const headers = {
      "content-type": "application/json",
      ...(this.#keyspace !== null && { "quorate-keyspace": this.#keyspace }),
    };
    return http.request({
      host,
      port,
      path: `/v3${path}`,
      method: "POST",
      agent: this.#agent,
      headers,
    });
  }
}

/** Collects an answer; one that breaks off, or is too long, reads as no JSON and so as unknown. */
function gather(response: http.IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= ANSWER_BYTES_MAX) chunks.push(chunk);
    else response.destroy();
  });
  response.on("end", () => done(Buffer.concat(chunks).toString("utf8")));
  response.on("error", () => done(""));
  response.on("close", () => done(""));
}

function answerOf<T>(status: number, text: string): Answer<T> {
  const body = parsed(text);
  if (body === null) return { type: "unknown", why: `status ${status} and no JSON` };
  if (status === 200) return { type: "ok", body: body as T };
  const { message, error } = body as { readonly message?: string; readonly error?: string };
  const why = message ?? error ?? `status ${status}`;
  return { type: DEFINITE.has(why) ? "failed" : "unknown", why };
}

/** Cuts a stream into lines and hands each on as what it says; false where one is no JSON object. */
function lines(onLine: (line: unknown) => void): (chunk: string) => boolean {
  let rest = "";
  return (chunk) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > ANSWER_BYTES_MAX) return false;
    for (const part of parts) {
      if (part === "") continue;
      const line = parsed(part);
      if (line === null) return false;
      onLine(line);
    }
    return true;
  };
}

function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

export const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
export const fromBase64 = (text: string): string => Buffer.from(text, "base64").toString("utf8");

/** The key after all that begin with this text, as ranges want it. */
export const prefixEnd = (text: string): string =>
  text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1);
