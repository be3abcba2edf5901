import type { Command } from "commander";
import { type MemberAnswer, MembersAnswer } from "../answers.ts";
import { CommandFailed, Exit, usage } from "../exit.ts";
import { MemberOutput, MembersOutput } from "../outputs.ts";
import { type ClientOptions, clientCommand, described, Session } from "../session.ts";
import { type Terminal, table } from "../terminal.ts";

/** etcd's texts for refusals that an operator should not have to look up. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  "etcdserver: re-configuration failed due to not enough started members":
    "the change would leave fewer started members than a majority: start the missing ones, or remove them, first",
  "etcdserver: can only promote a learner member which is in sync with leader":
    "the learner has not caught up, or is not running: ask again when it has",
  "etcdserver: Peer URLs already exists": "a member with this address is known: remove it first",
  "etcdserver: too many learner members in cluster": "promote or remove the other learner first",
  "etcdserver: member not found": "`quorate member list` shows the members",
};

export function memberCommand(terminal: Terminal): Command {
  return described("member", "list and change the members", [
    "member list",
    "member add 127.0.0.1:42380 --learner",
  ])
    .addCommand(list(terminal))
    .addCommand(add(terminal))
    .addCommand(change(terminal, "remove", "take a member out", "removed"))
    .addCommand(change(terminal, "promote", "give a learner its vote", "promoted"))
    .addCommand(update(terminal));
}

function list(terminal: Terminal): Command {
  return clientCommand("list", "all members", ["member list --json"]).action(
    async (options: ClientOptions) => {
      const session = new Session(terminal, options);
      const members = await membersOf(session);
      session.print(MembersOutput, { members: members.map(memberOutput) }, (output) =>
        table(
          ["ID", "NAME", "ROLE", "PEER", "CLIENT"],
          output.members.map(({ id, name, learner, peerUrls, clientUrls }) => [
            id,
            name === "" ? "(not started)" : name,
            learner ? "learner" : "voter",
            peerUrls.join(","),
            clientUrls.join(","),
          ]),
        ),
      );
    },
  );
}

function add(terminal: Terminal): Command {
  return clientCommand(
    "add",
    "make room for a node, which is then started with --join or --initial-cluster-state existing",
    ["member add 127.0.0.1:42380 --learner"],
  )
    .argument("<peer-address>", "host:port of its peer port")
    .option("--learner", "without a vote until it is promoted; safer")
    .action(async (address: string, options: ClientOptions & { learner?: true }) => {
      const session = new Session(terminal, options);
      const body = { peerURLs: [peerUrl(address)], isLearner: options.learner === true };
      const { member } = await changed(session, "add", body);
      if (member == null) throw new CommandFailed(Exit.failed, "the answer names no member");
      session.print(MemberOutput, memberOutput(member), ({ id }) => `member ${id} added\n`);
    });
}

function change(
  terminal: Terminal,
  verb: "remove" | "promote",
  description: string,
  done: string,
): Command {
  return clientCommand(verb, description, [
    `member ${verb} node4`,
    `member ${verb} 5577006791947779410`,
  ])
    .argument("<member>", "its name or its id")
    .action(async (who: string, options: ClientOptions) => {
      const session = new Session(terminal, options);
      const member = await memberNamed(session, who);
      await changed(session, verb, { ID: member.ID });
      const after = { ...memberOutput(member), ...(verb === "promote" && { learner: false }) };
      session.print(MemberOutput, after, ({ id }) => `member ${id} ${done}\n`);
    });
}

function update(terminal: Terminal): Command {
  return clientCommand("update", "tell where a member's peer port is now", [
    "member update node2 10.0.0.7:2380",
  ])
    .argument("<member>", "its name or its id")
    .argument("<peer-address>", "host:port")
    .action(async (who: string, address: string, options: ClientOptions) => {
      const session = new Session(terminal, options);
      const member = await memberNamed(session, who);
      const peerURLs = [peerUrl(address)];
      await changed(session, "update", { ID: member.ID, peerURLs });
      session.print(
        MemberOutput,
        memberOutput({ ...member, peerURLs }),
        ({ id }) => `member ${id} updated\n`,
      );
    });
}

async function changed(
  session: Session,
  verb: string,
  body: object,
): Promise<typeof MembersAnswer._output> {
  try {
    return await session.write(`/v3/cluster/member/${verb}`, body, MembersAnswer);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const known = Object.entries(EXPLANATIONS).find(([text]) => error.message.includes(text));
    if (known === undefined) throw error;
    throw new CommandFailed(error.exit, `${error.message}\n${known[1]}`, { cause: error });
  }
}

async function membersOf(session: Session): Promise<readonly MemberAnswer[]> {
  const { members } = await session.read(
    "/v3/cluster/member/list",
    { linearizable: true },
    MembersAnswer,
  );
  return members;
}

/** An id is taken as it is; a name is looked up and must be one member's. */
async function memberNamed(session: Session, who: string): Promise<MemberAnswer> {
  const members = await membersOf(session);
  const [found, other] = members.filter(({ ID, name }) => ID === who || name === who);
  if (other !== undefined) throw usage(`${who} names more than one member: give the id`);
  if (found !== undefined) return found;
  const names = members.map(({ ID, name }) => (name === "" ? ID : name)).join(", ");
  throw new CommandFailed(Exit.failed, `there is no member ${who}; there are ${names}`);
}

const memberOutput = ({
  ID,
  name,
  peerURLs,
  clientURLs,
  isLearner,
}: MemberAnswer): typeof MemberOutput._output => ({
  id: ID,
  name,
  peerUrls: peerURLs,
  clientUrls: clientURLs,
  learner: isLearner,
});

const peerUrl = (address: string): string =>
  address.includes("://") ? address : `http://${address}`;
