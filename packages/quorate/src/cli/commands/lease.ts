import type { Command } from "commander";
import { LeaseAnswer, LeasesAnswer, StreamLine } from "../answers.ts";
import { CommandFailed, Exit } from "../exit.ts";
import { cell, keyOutput } from "../keys.ts";
import {
  LeaseListOutput,
  LeaseOutput,
  LeaseRevokeOutput,
  LeaseTimeToLiveOutput,
} from "../outputs.ts";
import {
  type ClientOptions,
  clientCommand,
  described,
  idOf,
  integerOf,
  Session,
  understood,
} from "../session.ts";
import { type Terminal, table } from "../terminal.ts";

export function leaseCommand(terminal: Terminal): Command {
  return described("lease", "grant, keep and end leases; ids are decimal", [
    "lease grant 60",
    "lease list",
  ])
    .addCommand(grant(terminal))
    .addCommand(revoke(terminal))
    .addCommand(keepAlive(terminal))
    .addCommand(timeToLive(terminal))
    .addCommand(list(terminal));
}

function grant(terminal: Terminal): Command {
  return clientCommand("grant", "a new lease of so many seconds", [
    "lease grant 60",
    "lease grant 60 --id 42",
  ])
    .argument("<seconds>", "", integerOf)
    .option("--id <id>", "its id; drawn by the member if not given", idOf)
    .action(async (seconds: number, options: ClientOptions & { id?: string }) => {
      const session = new Session(terminal, options);
      const body = { TTL: String(seconds), ID: options.id ?? "0" };
      const answer = await session.write("/v3/lease/grant", body, LeaseAnswer);
      session.print(LeaseOutput, { id: answer.ID, ttlSeconds: answer.TTL }, leaseText);
    });
}

function revoke(terminal: Terminal): Command {
  return clientCommand("revoke", "end a lease, and delete its keys", ["lease revoke 42"])
    .argument("<id>", "", idOf)
    .action(async (id: string, options: ClientOptions) => {
      const session = new Session(terminal, options);
      await session.write("/v3/lease/revoke", { ID: id }, LeaseAnswer);
      session.print(LeaseRevokeOutput, { id, revoked: true }, () => `lease ${id} revoked\n`);
    });
}

function keepAlive(terminal: Terminal): Command {
  return clientCommand("keep-alive", "renew a lease until interrupted", [
    "lease keep-alive 42",
    "lease keep-alive 42 --once",
  ])
    .argument("<id>", "", idOf)
    .option("--once", "renew once and end")
    .action(async (id: string, options: ClientOptions & { once?: true }) => {
      const session = new Session(terminal, options);
      while (!terminal.interrupted.aborted) {
        const answer = await session.write("/v3/lease/keepalive", { ID: id }, StreamLine);
        if (!("result" in answer)) throw new CommandFailed(Exit.failed, "the renewal was refused");
        const { TTL } = understood(LeaseAnswer, answer.result);
        if (TTL === "0") throw noLease(id);
        session.print(LeaseOutput, { id, ttlSeconds: TTL }, leaseText);
        if (options.once) return;
        await pause((Number(TTL) * 1000) / 3, terminal.interrupted);
      }
    });
}

function timeToLive(terminal: Terminal): Command {
  return clientCommand("timetolive", "how long a lease has, and its keys", [
    "lease timetolive 42 --keys",
  ])
    .argument("<id>", "", idOf)
    .option("--keys", "with the keys attached to it")
    .action(async (id: string, options: ClientOptions & { keys?: true }) => {
      const session = new Session(terminal, options);
      const body = { ID: id, keys: options.keys === true };
      const answer = await session.read("/v3/lease/timetolive", body, LeaseAnswer);
      const { TTL: ttlSeconds, grantedTTL: grantedSeconds, keys } = answer;
      if (ttlSeconds === "-1") throw noLease(id);
      const output = { id, ttlSeconds, grantedSeconds, keys: keys.map(keyOutput) };
      session.print(LeaseTimeToLiveOutput, output, (lease) => {
        const lines = lease.keys.map(({ key, encoding }) => `${cell(key, encoding)}\n`);
        return `${leaseText(lease)}${lines.join("")}`;
      });
    });
}

function list(terminal: Terminal): Command {
  return clientCommand("list", "all leases", ["lease list"]).action(
    async (options: ClientOptions) => {
      const session = new Session(terminal, options);
      const { leases } = await session.read("/v3/lease/leases", {}, LeasesAnswer);
      session.print(LeaseListOutput, { leases: leases.map(({ ID }) => ID) }, (output) =>
        table(
          ["LEASE"],
          output.leases.map((id) => [id]),
        ),
      );
    },
  );
}

const noLease = (id: string): CommandFailed =>
  new CommandFailed(Exit.failed, `there is no lease ${id}: it ended, was revoked or never was`);

const leaseText = ({
  id,
  ttlSeconds,
}: {
  readonly id: string;
  readonly ttlSeconds: string;
}): string => `lease ${id}, ${ttlSeconds} s\n`;

function pause(millis: number, interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis);
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    interrupted.addEventListener("abort", stop, { once: true });
  });
}
