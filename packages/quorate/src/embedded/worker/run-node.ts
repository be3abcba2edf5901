import { isDeepStrictEqual } from "node:util";
import type { MessagePort } from "node:worker_threads";
import { type RunningServer, type ServerOptions, startServer } from "@quorate/server";
import type { Status } from "../status.ts";
import { ThreadPort } from "../thread-port.ts";
import { reportOf } from "./error-report.ts";
import { LogByMail } from "./log-by-mail.ts";
import { Mail } from "./mail.ts";
import type { FromNode, ToNode } from "./message.ts";
import { Service } from "./service.ts";

/** What a node is started with, without what stays in the caller's thread. */
export type NodeOptions = Omit<ServerOptions, "log" | "onHalt" | "signal">;

/** How often a change of the status is looked for: so old may be what the other thread was last told. */
export const STATUS_MILLIS = 100;

/**
 * Starts a node in this thread for the one at the other end of `caller`, and serves it until it closes. What is thrown
 * later is not caught: it ends the thread, as a bug ends a process.
 */
export async function runNode(caller: MessagePort, options: NodeOptions): Promise<void> {
  let server: RunningServer | null = null;
  const mail = new Mail<FromNode>(
    (batch, transfer) => caller.postMessage(batch, transfer),
    (flush) => {
      // Answers leave before the turn's write to the disk, as those of the gateways do.
      if (server === null) queueMicrotask(flush);
      else server.host.afterAnswers(flush);
    },
  );
  const log = new LogByMail(mail);
  const say = (message: FromNode): void => {
    mail.put(message);
    mail.flush();
  };
  const onHalt = (reason: string): void => say({ type: "Halted", reason });
  try {
    server = await startServer({ ...options, log, onHalt });
  } catch (error) {
    say({ type: "Refused", error: reportOf(error) });
    return;
  }
  serve(caller, server, mail, log, say);
}

function serve(
  caller: MessagePort,
  server: RunningServer,
  mail: Mail<FromNode>,
  log: LogByMail,
  say: (message: FromNode) => void,
): void {
  const { clientAddress, peerAddress } = server;
  const port = new ThreadPort(server.host);
  const service = new Service(port, mail);
  let status = port.status();
  const tellStatus = (): void => {
    const now: Status = port.status();
    if (isDeepStrictEqual(now, status)) return;
    status = now;
    mail.put({ type: "Status", status });
  };
  const telling = setInterval(tellStatus, STATUS_MILLIS);
  caller.on("message", (batch: readonly ToNode[]) => {
    for (const message of batch) {
      if (message.type === "LogTaken") log.taken(message.lines);
      else if (message.type === "Close") {
        clearInterval(telling);
        void server.stop().then(() => say({ type: "Closed" }));
      } else service.onCall(message);
    }
  });
  void server.ready.then(() => {
    tellStatus();
    say({ type: "Ready" });
  });
  say({ type: "Started", clientAddress, peerAddress, status });
}
