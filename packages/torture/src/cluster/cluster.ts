import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Cleanup } from "../cleanup.ts";
import type { Network } from "../network/index.ts";
import { eventually } from "../wait.ts";
import { Api, base64 } from "./api.ts";
import { Member } from "./member.ts";
import { ServerProcess } from "./server-process.ts";
import type { Subject } from "./subject.ts";

const ASK_MILLIS = 1000;

interface StatusAnswer {
  readonly header?: { readonly member_id?: string };
  readonly leader?: string;
  readonly raftTerm?: string;
}

/** The members of one cluster, each a process in its place on the network. */
export class Cluster {
  readonly api = new Api();
  readonly members: readonly Member[];
  readonly endpoints: readonly string[];
  /** Members that ended though nobody killed them, and how. */
  readonly stopped: {
    readonly member: string;
    readonly how: string;
    readonly said: readonly string[];
  }[] = [];

  constructor(
    subject: Subject,
    network: Network,
    nodes: number,
    dirs: { readonly data: string; readonly logs: string; readonly token: string },
    cleanup: Cleanup,
  ) {
    const names = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
    const founders = names.map((name, i) => ({ name, address: network.placeOf(i).advertisedPeer }));
    mkdirSync(dirs.logs, { recursive: true });
    this.members = names.map((name, index) => {
      const { client, peer, advertisedPeer } = network.placeOf(index);
      const dataDir = join(dirs.data, name);
      const place = {
        name,
        dataDir: join(dataDir, "d"),
        clock: `${dataDir}.clock`,
        client,
        peer,
        advertisedPeer,
        founders,
        token: dirs.token,
      };
      const command = [...network.prefixOf(index), ...subject.command(place)];
      mkdirSync(dataDir, { recursive: true });
      return new Member(
        { index, name, client, dataDir: place.dataDir, clock: place.clock },
        () => new ServerProcess(`${subject.kind} ${name}`, command, join(dirs.logs, `${name}.log`)),
        (member, how) => this.stopped.push({ member: member.name, how, said: member.said }),
      );
    });
    this.endpoints = this.members.map(({ client }) => client);
    cleanup.add("processes", () => {
      for (const member of this.members) member.killNow();
    });
  }

  /** Resolves with the names of members that do not serve linearizable reads in that time: none, when all is well. */
  async serving(millis: number, until: AbortSignal): Promise<readonly string[]> {
    const waits = this.members.map(async ({ name, client }) => {
      const served = await eventually(millis, until, async () => {
        if (this.stopped.some(({ member }) => member === name)) return false;
        const answer = await this.api.call(client, "/kv/range", { key: base64("any") }, ASK_MILLIS);
        return answer.type === "ok" ? true : null;
      });
      return served === true ? [] : [name];
    });
    return (await Promise.all(waits)).flat();
  }

  /** The member that leads, as it says itself; of several the one with the newest term. Null where none says so now. */
  async leader(): Promise<Member | null> {
    const answers = await Promise.all(
      this.members.map(async (member) => ({ member, status: await this.status(member) })),
    );
    const leading = answers.flatMap(({ member, status }) =>
      status !== null && status.leader !== "0" && status.leader === status.id
        ? [{ member, ...status }]
        : [],
    );
    leading.sort((a, b) => b.term - a.term || a.member.index - b.member.index);
    return leading[0]?.member ?? null;
  }

  /** Null where it does not answer. */
  async status({ client }: Member): Promise<{
    readonly id: string;
    readonly leader: string;
    readonly term: number;
  } | null> {
    const answer = await this.api.call<StatusAnswer>(client, "/maintenance/status", {}, ASK_MILLIS);
    if (answer.type !== "ok") return null;
    const { header, leader, raftTerm } = answer.body;
    return { id: header?.member_id ?? "", leader: leader ?? "0", term: Number(raftTerm ?? 0) };
  }
}
