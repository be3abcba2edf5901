import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import type { Log } from "@quorate/server";
import type { StartedNode } from "../started-node.ts";
import { errorFrom } from "./error-report.ts";
import { Mail } from "./mail.ts";
import type { FromNode, ToNode } from "./message.ts";
import type { NodeOptions } from "./run-node.ts";
import { WorkerPort } from "./worker-port.ts";

/**
 * Starts a node in a worker thread. Rejects with what stood in its way, once the thread has ended.
 *
 * The thread keeps the process alive until it is closed, as a listening server does, and ends with the thread that
 * started it. If it ends by itself, `onHalt` is told, and all that is under way fails: writes with an unknown outcome.
 */
export function startInWorker(
  options: NodeOptions,
  log: Log,
  onHalt: (reason: string) => void,
): Promise<StartedNode> {
  return new NodeThread(options, log, onHalt).started;
}

class NodeThread {
  readonly #worker: Worker;
  readonly #log: Log;
  readonly #onHalt: (reason: string) => void;
  readonly #mail: Mail<ToNode>;
  readonly #started = Promise.withResolvers<StartedNode>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  #port: WorkerPort | null = null;
  /** The thread was told to end, or said that it will. */
  #ending = false;
  /** What stood in the way of the start, or ended the thread. */
  #error: unknown = null;
  #closing: Promise<void> | null = null;

  constructor(options: NodeOptions, log: Log, onHalt: (reason: string) => void) {
    this.#log = log;
    this.#onHalt = onHalt;
    const name = `quorate ${options.name}`;
    this.#worker = new Worker(ENTRY, {
      name,
      workerData: options,
      eval: EVALUATED,
      ...FROM_SOURCE,
    });
    this.#mail = new Mail((batch, transfer) => this.#worker.postMessage(batch, transfer));
    this.#worker.on("message", (batch: readonly FromNode[]) => this.#onBatch(batch));
    this.#worker.on("error", (error) => {
      this.#error = error;
    });
    this.#worker.on("exit", (code) => this.#onExit(code));
  }

  get started(): Promise<StartedNode> {
    return this.#started.promise;
  }

  #onBatch(batch: readonly FromNode[]): void {
    for (const message of batch) this.#on(message);
    const lines = batch.filter(({ type }) => type === "Log").length;
    if (lines > 0) this.#mail.put({ type: "LogTaken", lines });
  }

  #on(message: FromNode): void {
    switch (message.type) {
      case "Started":
        this.#port = new WorkerPort(this.#mail, message.status);
        this.#started.resolve({
          port: this.#port,
          ready: this.#ready.promise,
          clientAddress: message.clientAddress,
          peerAddress: message.peerAddress,
          close: () => this.#close(),
        });
        break;
      case "Ready":
        this.#ready.resolve();
        break;
      case "Refused":
        this.#error = errorFrom(message.error);
        this.#end();
        break;
      case "Log": {
        // The application's code: if it throws, the other messages of the batch are not lost.
        const { level, fields, text } = message;
        queueMicrotask(() => this.#log[level](fields, text));
        break;
      }
      case "Halted":
        queueMicrotask(() => this.#onHalt(message.reason));
        // Where the start is under way, it is refused for that reason.
        if (this.#port !== null) this.#end();
        break;
      case "Closed":
        this.#end();
        break;
      default:
        this.#port?.onAnswer(message);
    }
  }

  /** Nothing more comes from the thread. */
  #end(): void {
    this.#ending = true;
    this.#port?.refuse();
    void this.#worker.terminate();
  }

  /** All that the thread posted has come before. */
  #onExit(code: number): void {
    const reason =
      this.#error === null
        ? `the node's thread ended with code ${code}`
        : `the node's thread failed: ${inspect(this.#error)}`;
    if (!this.#ending) {
      this.#log.error({ reason }, "the node stops at once");
      queueMicrotask(() => this.#onHalt(reason));
    }
    this.#port?.abandon();
    this.#started.reject(this.#error ?? new Error(reason));
    this.#exited.resolve();
  }

  #close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    this.#mail.put({ type: "Close" });
    this.#mail.flush();
    this.#port?.refuse();
    await this.#exited.promise;
  }
}

/** Beside this file, built or not. */
const SOURCE = import.meta.url.endsWith(".ts");
const MAIN = new URL(SOURCE ? "./main.ts" : "./main.js", import.meta.url);
/** From source, the other packages are taken from source as well. */
const FROM_SOURCE = SOURCE ? { execArgv: ["--conditions=quorate-source"] } : {};
/** A worker has its process's flags, and with this one Node runs no file, but only text. */
const EVALUATED = process.execArgv.some((flag) => flag.startsWith("--input-type"));
const ENTRY = EVALUATED ? `import(${JSON.stringify(MAIN.href)})` : MAIN;
