import type { Command } from "commander";
import { type KeyspaceAnswer, KeyspacesAnswer, LostAnswer } from "../answers.ts";
import { CommandFailed, Exit, usage } from "../exit.ts";
import { KeyspaceOutput, KeyspacesOutput, LostOutput } from "../outputs.ts";
import { explain } from "../profiles.ts";
import { type ClientOptions, clientCommand, described, integerOf, Session } from "../session.ts";
import { type Terminal, table } from "../terminal.ts";

export function keyspaceCommand(terminal: Terminal): Command {
  return described("keyspace", "make, show and drop keyspaces, each with a profile of its own", [
    "keyspace create locks --profile chubby",
    "keyspace expose locks --etcd 2479",
    "keyspace explain locks",
  ])
    .addCommand(list(terminal))
    .addCommand(create(terminal))
    .addCommand(set(terminal))
    .addCommand(expose(terminal))
    .addCommand(drop(terminal))
    .addCommand(lost(terminal))
    .addCommand(explanation(terminal));
}

function list(terminal: Terminal): Command {
  return clientCommand("list", "all keyspaces", ["keyspace list --json"]).action(
    async (options: ClientOptions) => {
      const session = new Session(terminal, options);
      const keyspaces = await keyspacesOf(session);
      session.print(KeyspacesOutput, { keyspaces: keyspaces.map(keyspaceOutput) }, (output) =>
        table(
          ["NAME", "PROFILE", "REPLICAS", "IN STEP", "LEADER", "ENDPOINTS"],
          output.keyspaces.map(({ name, profile, replicas, inStep, leader, endpoints }) => [
            name,
            profile,
            String(replicas.length),
            inStep === null ? "-" : String(inStep.length),
            leader ?? "(none known)",
            endpoints.join(","),
          ]),
        ),
      );
    },
  );
}

function create(terminal: Terminal): Command {
  return withTerms(
    clientCommand("create", "make a keyspace; what its profile promises, `explain` says", [
      "keyspace create locks --profile chubby",
      "keyspace create orders --profile mysql --replicas n1,n2,n3 --sync 2",
    ])
      .argument("<name>", "how it is called from now on")
      .requiredOption("--profile <profile>", "who orders its writes, and what readers may see"),
  ).action(async (name: string, options: TermsOptions & { readonly profile: string }) => {
    const session = new Session(terminal, options);
    const body = { name, profile: options.profile, ...termsAsked(options) };
    const known = await changed(session, "create", body, name);
    session.print(KeyspaceOutput, keyspaceOutput(known), () => `keyspace ${name} created\n`);
  });
}

function set(terminal: Terminal): Command {
  return withTerms(
    clientCommand("set", "change what can be changed while a keyspace serves", [
      "keyspace set catalogue --reads local",
      "keyspace set orders --prefer n1",
    ]).argument("<name>"),
  ).action(async (name: string, options: TermsOptions) => {
    const asked = termsAsked(options);
    const { replicas, ...words } = asked;
    if (replicas.length === 0 && Object.values(words).every((word) => word === ""))
      throw usage(
        "say what is to be changed: --reads, --loss, --prefer, --sync, --pull or --replicas",
      );
    const session = new Session(terminal, options);
    const known = await changed(session, "set", { name, ...asked }, name);
    session.print(
      KeyspaceOutput,
      keyspaceOutput(known),
      ({ profile }) => `keyspace ${name} is ${profile} now\n`,
    );
  });
}

interface TermsOptions extends ClientOptions {
  readonly replicas?: string;
  readonly sync?: string;
  readonly reads?: string;
  readonly loss?: string;
  readonly prefer?: string;
  readonly pull?: string;
}

const withTerms = (command: Command): Command =>
  command
    .option("--replicas <where>", "how many, or the members' names; else on all voting members")
    .option("--sync <count>", "secondaries that a write waits for, where the profile lets choose")
    .option("--reads <reads>", "linearizable, lease, or local: from the member asked, maybe old")
    .option("--loss <what>", "when a primary may be lost with writes: wait for it, or promote")
    .option("--prefer <member>", "who is to lead when it can, or none")
    .option("--pull <ms>", "secondaries of primary-async ask for what is new so often");

const termsAsked = ({
  replicas,
  sync = "",
  reads = "",
  loss = "",
  prefer = "",
  pull = "",
}: TermsOptions) => ({
  replicas: replicas === undefined ? [] : replicas.split(","),
  sync,
  reads,
  loss,
  prefer,
  pull,
});

function expose(terminal: Terminal): Command {
  return clientCommand("expose", "give a keyspace a client port of its own on every member", [
    "keyspace expose locks --etcd 2479",
    "keyspace expose locks --off",
  ])
    .argument("<name>")
    .option("--etcd <port>", "for clients of etcd's API", integerOf)
    .option("--off", "take the port away")
    .action(
      async (
        name: string,
        options: ClientOptions & { readonly etcd?: number; readonly off?: true },
      ) => {
        const { etcd, off } = options;
        if ((etcd === undefined) === (off === undefined))
          throw usage("give --etcd PORT, or --off to take the port away");
        const session = new Session(terminal, options);
        const known = await changed(session, "expose", { name, port: etcd ?? 0 }, name);
        session.print(KeyspaceOutput, keyspaceOutput(known), ({ endpoints }) =>
          endpoints.length === 0
            ? `keyspace ${name} has no port of its own\n`
            : `keyspace ${name} is served at ${endpoints.join(",")}\n`,
        );
      },
    );
}

function drop(terminal: Terminal): Command {
  return clientCommand("drop", "delete a keyspace and all that is in it, on every member", [
    "keyspace drop locks --yes",
  ])
    .argument("<name>")
    .requiredOption("--yes", "that its data is lost is meant")
    .action(async (name: string, options: ClientOptions) => {
      const session = new Session(terminal, options);
      const { keyspaces } = await session.write("/v3/keyspaces/drop", { name }, KeyspacesAnswer);
      session.print(KeyspacesOutput, { keyspaces: keyspaces.map(keyspaceOutput) }, () => {
        return `keyspace ${name} dropped\n`;
      });
    });
}

function lost(terminal: Terminal): Command {
  return clientCommand(
    "lost",
    "writes that the member asked had and the others have not: the files that it wrote them to before it undid them",
    ["keyspace lost carts", "keyspace lost carts --endpoints n1:2379 --json"],
  )
    .argument("<name>")
    .action(async (name: string, options: ClientOptions) => {
      const session = new Session(terminal, options);
      const answer = await session.read("/v3/keyspaces/lost", { name }, LostAnswer);
      const { member } = answer;
      const files = answer.files.map(({ file, epoch, from, to, bytes }) => ({
        file,
        epoch,
        from,
        to,
        bytes,
      }));
      session.print(LostOutput, { name, member, files }, () =>
        files.length === 0
          ? `member ${member} has exported no lost writes of ${name}\n`
          : table(
              ["FILE", "EPOCH", "FROM", "TO", "BYTES"],
              files.map(({ file, epoch, from, to, bytes }) => [file, epoch, from, to, bytes]),
            ),
      );
    });
}

function explanation(terminal: Terminal): Command {
  return clientCommand(
    "explain",
    "what a keyspace promises, what that costs, and what it loses when something fails",
    ["keyspace explain default"],
  )
    .argument("<name>")
    .action(async (name: string, options: ClientOptions) => {
      const session = new Session(terminal, options);
      const known = named(await keyspacesOf(session), name);
      const { profile } = known;
      const replicas = known.replicas.length;
      const text = explain(profile, replicas);
      if (text === null)
        throw new CommandFailed(
          Exit.failed,
          `${name} has the profile ${profile}, which this release does not know: ask one of the members' release`,
        );
      terminal.out(session.json ? `${JSON.stringify({ name, profile, replicas, text })}\n` : text);
    });
}

async function keyspacesOf(session: Session): Promise<readonly KeyspaceAnswer[]> {
  const body = { linearizable: true };
  const { keyspaces } = await session.read("/v3/keyspaces/list", body, KeyspacesAnswer);
  return keyspaces;
}

async function changed(
  session: Session,
  verb: string,
  body: object,
  name: string,
): Promise<KeyspaceAnswer> {
  const { keyspaces } = await session.write(`/v3/keyspaces/${verb}`, body, KeyspacesAnswer);
  return named(keyspaces, name);
}

function named(keyspaces: readonly KeyspaceAnswer[], name: string): KeyspaceAnswer {
  const known = keyspaces.find((keyspace) => keyspace.name === name);
  if (known !== undefined) return known;
  const names = keyspaces.map((keyspace) => keyspace.name).join(", ");
  throw new CommandFailed(Exit.failed, `there is no keyspace ${name}; there are ${names}`);
}

const keyspaceOutput = ({
  name,
  profile,
  replicas,
  inStep,
  leader,
  port,
  endpoints,
}: KeyspaceAnswer): KeyspaceOutput => ({
  name,
  profile,
  replicas: [...replicas],
  inStep: inStep.length === 0 ? null : [...inStep],
  leader: leader === "0" ? null : leader,
  port: port === 0 ? null : port,
  endpoints: [...endpoints],
});
