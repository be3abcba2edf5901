import type { Command } from "commander";
import { type MemberAnswer, MembersAnswer, StatusAnswer } from "../answers.ts";
import { advertisedEndpoint } from "../endpoints.ts";
import { CommandFailed, Exit } from "../exit.ts";
import { StatusOutput } from "../outputs.ts";
import { type ClientOptions, clientCommand, Session, understood } from "../session.ts";
import { type Terminal, table } from "../terminal.ts";

type Row = (typeof StatusOutput._output)["endpoints"][number];

/** Members, leader and how far each has come; exit 1 where no endpoint is healthy. */
export function statusCommand(terminal: Terminal): Command {
  return clientCommand("status", "members, leader, revision and health, per endpoint", [
    "status",
    "status --endpoints 127.0.0.1:2379 --json",
  ]).action(async (options: ClientOptions) => {
    const session = new Session(terminal, options);
    const members = await knownMembers(session);
    const rows = await Promise.all(
      endpointsOf(session, members).map((endpoint) => look(session, endpoint, members)),
    );
    session.print(StatusOutput, { endpoints: rows }, tableOf);
    if (!rows.some(({ healthy }) => healthy)) {
      throw new CommandFailed(Exit.failed, "no endpoint serves linearizable reads");
    }
  });
}

/** As one member knows them; none where nobody answers. */
async function knownMembers(session: Session): Promise<readonly MemberAnswer[]> {
  for (const endpoint of session.endpoints.all) {
    const answer = await session.endpoints.callAt(endpoint, "/v3/cluster/member/list", {});
    if (answer.type === "ok") return understood(MembersAnswer, answer.value).members;
  }
  return [];
}

/** Those that were named, and the members that are not behind one of them. */
function endpointsOf(
  { endpoints, guessed }: Session,
  members: readonly MemberAnswer[],
): readonly string[] {
  const named = guessed && members.length > 0 ? [] : endpoints.all;
  const others = members
    .map(({ clientURLs }) => clientURLs.map((url) => advertisedEndpoint(url)))
    .filter((own) => own.length > 0 && !own.some((endpoint) => named.includes(endpoint)))
    .map((own) => own[0] ?? "");
  return [...named, ...others].sort((a, b) => portOf(a) - portOf(b) || (a < b ? -1 : 1));
}

const portOf = (endpoint: string): number => Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));

async function look(
  session: Session,
  endpoint: string,
  members: readonly MemberAnswer[],
): Promise<Row> {
  const [answer, healthy] = await Promise.all([
    session.endpoints.callAt(endpoint, "/v3/maintenance/status", {}),
    session.endpoints.health(endpoint),
  ]);
  if (answer.type !== "ok") return unreachable(endpoint, answer.message);
  const status = understood(StatusAnswer, answer.value);
  const { leader, header, isLearner } = status;
  const member = header.member_id;
  const role = isLearner ? "learner" : leader === member ? "leader" : "follower";
  return {
    endpoint,
    healthy,
    member,
    name: members.find(({ ID }) => ID === member)?.name ?? "",
    role,
    leader: leader === "0" ? null : leader,
    term: status.raftTerm,
    revision: header.revision,
    committed: status.raftIndex,
    applied: status.raftAppliedIndex,
    bytes: status.dbSize,
    errors: status.errors,
  };
}

function unreachable(endpoint: string, error: string): Row {
  const unknown = { member: null, leader: null, term: null, revision: null };
  const more = { committed: null, applied: null, bytes: null, errors: [error] };
  return { endpoint, healthy: false, name: "", role: "unreachable", ...unknown, ...more };
}

function tableOf({ endpoints }: { readonly endpoints: readonly Row[] }): string {
  const rows = endpoints.map((row) => [
    row.endpoint,
    row.name,
    row.member ?? "",
    row.role,
    row.healthy ? "healthy" : "unhealthy",
    row.term ?? "",
    row.revision ?? "",
    row.applied ?? "",
    row.bytes ?? "",
    row.errors.join("; "),
  ]);
  const head = [
    "ENDPOINT",
    "NAME",
    "MEMBER",
    "ROLE",
    "HEALTH",
    "TERM",
    "REVISION",
    "APPLIED",
    "BYTES",
    "ERRORS",
  ];
  return table(head, rows);
}
