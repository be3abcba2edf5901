import { Command, CommanderError } from "commander";
import { completionCommand } from "./commands/completion.ts";
import { keyspaceCommand } from "./commands/keyspace.ts";
import { delCommand, getCommand, putCommand } from "./commands/kv.ts";
import { leaseCommand } from "./commands/lease.ts";
import { memberCommand } from "./commands/member.ts";
import { statusCommand } from "./commands/status.ts";
import { txnCommand } from "./commands/txn.ts";
import { watchCommand } from "./commands/watch.ts";
import { CommandFailed, Exit, type ExitCode } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

/** Commands that need a node's code, which takes longer to load than a client's whole work. */
const SERVER_COMMANDS: Readonly<Record<string, string>> = {
  start: "run a node",
  config: "what a node would be started with",
};

/** The simulator carries a whole cluster with it. */
const SIM_COMMANDS: Readonly<Record<string, string>> = {
  sim: "run clusters in the seeded simulator, under faults, and check what they promised",
};

/** They carry a library for certificates. */
const CERTS_COMMANDS: Readonly<Record<string, string>> = {
  certs: "make certificates for TLS: an authority, nodes, clients",
};

/** A command of its own, which reads its arguments itself: nothing but its name is known here. */
const TORTURE = new Map([
  [
    "torture",
    "a nemesis for real processes: kill, cut and damage a cluster, and judge what its clients saw",
  ],
]);

/** Runs one command line, without the program's name. Resolves with the exit code; what it throws is a bug. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  if (TORTURE.has(args[0] ?? "")) return torture(args.slice(1), terminal);
  try {
    const root = await program(terminal, args[0] ?? "");
    await root.parseAsync(args, { from: "user" });
    return Exit.done;
  } catch (error) {
    return report(error, terminal);
  }
}

/** All commands, those that need a node's code in full only where `first` asks for one of them. */
async function program(terminal: Terminal, first: string): Promise<Command> {
  const root = new Command("quorate")
    .description("Replicated state: run nodes, and speak to a cluster")
    .addHelpText("after", "\nExit codes: 0 done, 1 refused or failed, 2 usage, 3 outcome unknown");
  const commands = [
    ...(await serverCommands(terminal, first)),
    ...(await certsCommands(terminal, first)),
    ...(await simCommands(terminal, first)),
    ...named(Object.fromEntries(TORTURE)),
    statusCommand(terminal),
    keyspaceCommand(terminal),
    getCommand(terminal),
    putCommand(terminal),
    delCommand(terminal),
    watchCommand(terminal),
    txnCommand(terminal),
    leaseCommand(terminal),
    memberCommand(terminal),
    completionCommand(terminal, () => root),
  ];
  for (const command of commands) root.addCommand(command);
  quiet(root, terminal);
  return root;
}

async function serverCommands(terminal: Terminal, first: string): Promise<readonly Command[]> {
  if (Object.hasOwn(SERVER_COMMANDS, first) || first === "completion") {
    const { configCommand, startCommand } = await import("./commands/server/index.ts");
    return [startCommand(terminal), configCommand(terminal)];
  }
  return named(SERVER_COMMANDS);
}

async function simCommands(terminal: Terminal, first: string): Promise<readonly Command[]> {
  if (!Object.hasOwn(SIM_COMMANDS, first) && first !== "completion") return named(SIM_COMMANDS);
  const { simCommand } = await import("./commands/sim/index.ts");
  return [simCommand(terminal)];
}

async function certsCommands(terminal: Terminal, first: string): Promise<readonly Command[]> {
  if (!Object.hasOwn(CERTS_COMMANDS, first) && first !== "completion") return named(CERTS_COMMANDS);
  const { certsCommand } = await import("./commands/certs/index.ts");
  return [certsCommand(terminal)];
}

/** Commands that are only listed. */
const named = (commands: Readonly<Record<string, string>>): readonly Command[] =>
  Object.entries(commands).map(([name, description]) => new Command(name).description(description));

async function torture(args: readonly string[], terminal: Terminal): Promise<number> {
  const { tortureCommand } = await import("@quorate/torture");
  return tortureCommand(args, {
    out: (line) => terminal.out(`${line}\n`),
    err: (line) => terminal.err(`${line}\n`),
  });
}

function report(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.done : Exit.usage;
  if (!(error instanceof CommandFailed)) throw error;
  terminal.err(`quorate: ${error.message}\n`);
  return error.exit;
}

/** Commander throws instead of ending the process, and writes where the terminal does. */
function quiet(command: Command, terminal: Terminal): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => terminal.out(text),
    writeErr: (text) => terminal.err(text),
    outputError: (text, write) => write(`quorate: ${text}`),
  });
  for (const child of command.commands) quiet(child, terminal);
}
