import { SoloNode } from "../../../../server/test/gateway/solo-node.ts";
import { ThreadPort } from "../../../src/embedded/thread-port.ts";
import { Mail } from "../../../src/embedded/worker/mail.ts";
import type { FromNode, ToNode } from "../../../src/embedded/worker/message.ts";
import { Service } from "../../../src/embedded/worker/service.ts";
import { WorkerPort } from "../../../src/embedded/worker/worker-port.ts";

/**
 * Both ends of a port between threads, in one, with what is in the mail held until it is delivered. Batches are
 * cloned and their buffers handed over as a real port does it, so that what cannot travel fails here as well.
 */
export class TwoThreads {
  readonly node = new SoloNode();
  readonly port: WorkerPort;
  readonly #service: Service;
  readonly toNode: ToNode[] = [];
  readonly fromNode: FromNode[] = [];

  constructor() {
    const caller = new Mail<ToNode>((batch, transfer) => {
      this.toNode.push(...structuredClone(batch, { transfer: [...transfer] }));
    });
    const serving = new Mail<FromNode>((batch, transfer) => {
      this.fromNode.push(...structuredClone(batch, { transfer: [...transfer] }));
    });
    const api = new ThreadPort(this.node);
    this.#service = new Service(api, serving);
    this.port = new WorkerPort(caller, api.status());
  }

  /** Calls and watches that the node's end knows of. */
  get served(): number {
    return this.#service.size;
  }

  /** The node's thread takes its mail. */
  deliverCalls(): void {
    for (const message of this.toNode.splice(0)) {
      if (message.type !== "Close" && message.type !== "LogTaken") this.#service.onCall(message);
    }
  }

  /** The caller's thread takes its mail. */
  deliverAnswers(): void {
    for (const message of this.fromNode.splice(0)) {
      switch (message.type) {
        case "Part":
        case "Done":
        case "Failed":
        case "Watching":
        case "Events":
        case "WatchEnded":
        case "Status":
          this.port.onAnswer(message);
          break;
        default:
          throw new Error(`a service does not say ${message.type}`);
      }
    }
  }

  /** A turn of the event loop at both ends: what is posted in it is in the mail afterwards. */
  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }

  /** Both threads run until nothing moves. */
  async settle(): Promise<void> {
    do {
      this.deliverCalls();
      await this.turn();
      this.deliverAnswers();
      await this.turn();
    } while (this.toNode.length + this.fromNode.length > 0);
  }
}
