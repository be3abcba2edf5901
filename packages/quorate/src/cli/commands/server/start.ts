import {
  type Configured,
  configurationOf,
  type Log,
  type RunningServer,
  readConfigurationFile,
  serverOptions,
  startServer,
} from "@quorate/server";
import type { Command } from "commander";
import { pino } from "pino";
import { CommandFailed, Exit } from "../../exit.ts";
import { described } from "../../session.ts";
import type { Terminal } from "../../terminal.ts";
import { expecting } from "./expected.ts";
import { addSettings, configurationFileOf, flagsOf } from "./settings-flags.ts";

/** Runs a node until it is told to stop. Lines for people go to stdout, the log in JSON lines to stderr. */
export function startCommand(terminal: Terminal): Command {
  const command = described("start", "run a node", [
    "start                     # one node, a cluster of its own",
    "start --name b --initial-cluster a=10.0.0.1:2380,b=10.0.0.2:2380,c=10.0.0.3:2380 …",
    "start --name d --join 10.0.0.1:2380 --listen-peer-urls http://10.0.0.4:2380 --insecure-peers",
    "start --cert-file n1.crt --key-file n1.key     # TLS for clients; `quorate certs` makes both",
    "start --config node1.json",
  ]);
  return addSettings(command).action((options: Record<string, unknown>) =>
    expecting(() => start(terminal, options)),
  );
}

async function start(terminal: Terminal, flags: Record<string, unknown>): Promise<void> {
  const file = readConfigurationFile(configurationFileOf(flags, terminal.environment));
  const configuration = configurationOf(flagsOf(flags), terminal.environment, file);
  const { options, warnings } = serverOptions(configuration);
  const log = logTo(terminal, String(configuration["log-level"].value));
  for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
  const halted = Promise.withResolvers<never>();
  const onHalt = (reason: string): void => {
    halted.reject(new CommandFailed(Exit.failed, `the node stopped by itself: ${reason}`));
  };
  const interrupted = abortedBy(terminal.interrupted);
  const starting = startServer({ ...options, log, onHalt, signal: terminal.interrupted });
  const server = await Promise.race([starting, interrupted, halted.promise]);
  if (server === null) return abandon(starting);
  announce(terminal, server, options);
  // Without certificates a hangup ends the node, as it does when a terminal is closed.
  if (options.clientTls != null || options.peerTls != null)
    terminal.onHangup(() => void server.reloadCertificates());
  await Promise.race([interrupted, halted.promise]);
  terminal.out("stopping\n");
  await server.stop();
  terminal.out("stopped\n");
}

function announce(
  terminal: Terminal,
  server: RunningServer,
  { name, dataDir, clientTls }: Configured["options"],
): void {
  terminal.out(`node ${name} (id ${server.node}), data in ${dataDir}\n`);
  terminal.out(`clients ${clientTls == null ? "http" : "https"}://${server.clientAddress}\n`);
  terminal.out(`peers ${server.peerAddress}\n`);
  void server.ready.then(() => terminal.out("cluster ready\n"));
}

/** Told to stop while still starting: what comes up is closed again, what fails needs no word. */
async function abandon(starting: Promise<RunningServer>): Promise<void> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), ABANDON_MILLIS));
  const server = await Promise.race([starting.catch(() => null), late]);
  await server?.stop();
}

const ABANDON_MILLIS = 1000;

function abortedBy(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
}

function logTo(terminal: Terminal, level: string): Log {
  const timestamp = pino.stdTimeFunctions.isoTime;
  return pino({ level, base: null, timestamp }, { write: (line: string) => terminal.err(line) });
}
