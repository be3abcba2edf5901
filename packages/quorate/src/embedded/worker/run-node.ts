import type { MessagePort } from "node:worker_threads";
import { type RunningServer, type ServerOptions, startServer } from "@quorate/server";
import { ThreadPort } from "../thread-port.ts";
import { reportOf } from "./error-report.ts";
import { LogByMail } from "./log-by-mail.ts";
import { Mail } from "./mail.ts";
import type { FromNode, ToNode } from "./message.ts";
import { Service } from "./service.ts";
import { STATUS_MILLIS, StatusByMail } from "./status-by-mail.ts";

/** What a node is started with, without what stays in the caller's thread. */
export type NodeOptions = Omit<ServerOptions, "log" | "onHalt" | "signal">;

/**
 * Starts a node in this thread for the one at the other end of `caller`, and serves it until it closes. What is thrown
 * later is not caught: it ends the thread, as a bug ends a process.
 */
export async function runNode(caller: MessagePort, options: NodeOptions): Promise<void> {
  let server: RunningServer | null = null;
  let status: StatusByMail | null = null;
  const mail = new Mail<FromNode>(
    (batch, transfer) => caller.postMessage(batch, transfer),
    (flush) => {
      // Answers leave before the turn's write to the disk, as those of the gateways do.
      if (server === null) queueMicrotask(flush);
      else {
        server.host.afterAnswers(() => {
          status?.look();
          flush();
        });
      }
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
  status = new StatusByMail(server.host, mail);
  serve(caller, server, mail, log, status);
}

function serve(
  caller: MessagePort,
  server: RunningServer,
  mail: Mail<FromNode>,
  log: LogByMail,
  status: StatusByMail,
): void {
  const { clientAddress, peerAddress } = server;
  const service = new Service(new ThreadPort(server.host), mail);
  const looking = setInterval(() => status.lookClosely(), STATUS_MILLIS);
  const close = async (): Promise<void> => {
    clearInterval(looking);
    await server.stop();
    mail.put({ type: "Closed" });
    mail.flush();
  };
  caller.on("message", (batch: readonly ToNode[]) => {
    for (const message of batch) {
      if (message.type === "LogTaken") log.taken(message.lines);
      else if (message.type === "Close") void close();
      else service.onCall(message);
    }
  });
  void server.ready.then(() => {
    status.lookClosely();
    mail.put({ type: "Ready" });
  });
  mail.put({ type: "Started", clientAddress, peerAddress, status: status.told });
}
