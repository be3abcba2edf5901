import {
  type Failure,
  type KeyspaceId,
  type NodeId,
  type Outcome,
  SYSTEM_KEYSPACE,
  type Ticks,
} from "@quorate/kernel/core";
import {
  asProfiled,
  changeRefused,
  encodeSystemCommand,
  type KeyspaceStatus,
  LOSSES,
  type MemberStatus,
  type NodeStatus,
  type Profile,
  type Profiles,
  parseTerms,
  profileOf,
  READS,
  type SystemCommand,
  type Terms,
  termsRefused,
  termsText,
} from "@quorate/kernel/replica";
import {
  exposedAddress,
  type KeyspaceAdmin,
  type KeyspaceChange,
  type Unlinearizable,
} from "../gateway/index.ts";
import type { Caller, NodePort } from "../host/index.ts";

const NAME = /^(?!-)[\x21-\x7e]+$/;

/** Of gRPC. */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

type Of<T extends KeyspaceChange["type"]> = Extract<KeyspaceChange, { type: T }>;

/** Changes of the keyspaces as commands on the system keyspace: each is answered when this node has applied it. */
export class Keyspaces implements KeyspaceAdmin {
  readonly #port: NodePort;
  readonly #profiles: Profiles;

  constructor(port: NodePort, profiles: Profiles) {
    this.#port = port;
    this.#profiles = profiles;
  }

  unlinearizable(keyspace: KeyspaceId): Unlinearizable | null {
    const known = this.#port.status().keyspaces.find((one) => one.keyspace === keyspace);
    const profile = profileOf(this.#profiles, known?.profile ?? "");
    if (profile?.office?.loss === "promote") return "lossy";
    return profile?.protocol === "zab" ? "unconfirmed" : null;
  }

  changeKeyspaces(
    change: KeyspaceChange,
    deadline: Ticks,
    done: (failure: Failure | null) => void,
  ): void {
    const command = this.#commandOf(change);
    if ("code" in command) {
      queueMicrotask(() => done(command));
      return;
    }
    const { kind, body } = encodeSystemCommand(command);
    this.#port.request(new Change(done), SYSTEM_KEYSPACE, kind, body, deadline);
  }

  #commandOf(change: KeyspaceChange): SystemCommand | Failure {
    switch (change.type) {
      case "create":
        return this.#creation(change);
      case "set":
        return this.#setting(change);
      case "expose":
        return this.#exposure(change);
      case "drop":
        return { type: "dropKeyspace", name: change.name };
    }
  }

  #creation({ name, profile, ...asked }: Of<"create">): SystemCommand | Failure {
    if (!NAME.test(name))
      return invalid(
        `a keyspace's name is printable ASCII without blanks, and does not begin with "-", so that metadata and commands can say it; not ${JSON.stringify(name)}`,
      );
    const known = this.#profiles.get(profile);
    if (known === undefined) {
      const names = [...this.#profiles.keys()].join(", ");
      return invalid(`there is no profile ${JSON.stringify(profile)}; there are ${names}`);
    }
    const status = this.#port.status();
    const replicas = asked.replicas.length === 0 ? null : chosen(asked.replicas, status);
    if (typeof replicas === "string") return invalid(replicas);
    const members = replicas ?? votersOf(status).map(({ node }) => node);
    const terms = termsOf(asProfiled(profile), known, asked, members, status);
    if (typeof terms === "string") return invalid(terms);
    const refused = termsRefused(terms, known, members.length);
    if (refused !== null) return invalid(refused);
    const [fixed, office] = [known.fixedMembers || replicas !== null, known.office !== null];
    return {
      type: "createKeyspace",
      name,
      profile: termsText(terms),
      fixed,
      office,
      replicas,
    };
  }

  /** Members that share a host serve as far apart as their client ports are: all of them must have a port. */
  #exposure({ name, port }: Of<"expose">): SystemCommand | Failure {
    const { members, keyspaces } = this.#port.status();
    const keyspace = keyspaces.find((one) => one.name === name);
    if (keyspace !== undefined && port !== null) {
      const isWithout = (member: MemberStatus): boolean =>
        member.clientAddresses.length > 0 &&
        keyspace.replicas?.includes(member.node) !== false &&
        exposedAddress({ ...keyspace, exposed: port }, member, members) === null;
      const without = members.find(isWithout);
      if (without !== undefined)
        return invalid(
          `with ${port} the port of ${without.name} would lie above 65535, as far above as its client port does among those of its host: take a lower one`,
        );
      const taken = members.find((member) =>
        isOwnPort({ ...keyspace, exposed: port }, member, members),
      );
      if (taken !== undefined)
        return invalid(
          `with ${port} the port of ${taken.name} would be one that members themselves listen on: take another`,
        );
    }
    return { type: "exposeKeyspace", name, port };
  }

  #setting({ name, replicas, ...asked }: Of<"set">): SystemCommand | Failure {
    const status = this.#port.status();
    const keyspace = status.keyspaces.find((one) => one.name === name);
    if (keyspace === undefined)
      return rejected(NOT_FOUND, `there is no keyspace ${JSON.stringify(name)}`);
    const { profile: from } = keyspace;
    const now = parseTerms(from);
    const known = now === null ? undefined : this.#profiles.get(now.profile);
    if (now === null || known === undefined)
      return rejected(FAILED_PRECONDITION, `this release does not know the profile ${from}`);
    if (replicas.length > 0) {
      const why =
        keyspace.replicas === null
          ? "its replicas are on all voting members: add or remove members"
          : "its members are those it was created with: create another keyspace on those you want, and copy";
      return rejected(FAILED_PRECONDITION, why);
    }
    const members = keyspace.replicas ?? votersOf(status).map(({ node }) => node);
    const terms = termsOf(now, known, asked, members, status);
    if (typeof terms === "string") return invalid(terms);
    const refused = changeRefused(now, terms) ?? termsRefused(terms, known, members.length);
    if (refused !== null) return rejected(FAILED_PRECONDITION, refused);
    return { type: "changeProfile", name, from, to: termsText(terms) };
  }
}

/** Would this member serve it where a member of the same host listens for clients or peers? */
function isOwnPort(
  keyspace: KeyspaceStatus,
  member: MemberStatus,
  members: readonly MemberStatus[],
): boolean {
  const address = exposedAddress(keyspace, member, members);
  if (address === null) return false;
  const wanted = `${address.host}:${address.port}`;
  return members.some(({ clientAddresses, peerAddress }) =>
    [...clientAddresses, peerAddress].some((one) => one.replace(/^[a-z]+:\/\//, "") === wanted),
  );
}

type Asked = Omit<Of<"create">, "type" | "name" | "profile" | "replicas">;

/** These terms with what was asked for; in words what is wrong with that. */
function termsOf(
  terms: Terms,
  known: Profile,
  { sync, reads, loss, prefer, pull }: Asked,
  replicas: readonly NodeId[],
  status: NodeStatus,
): Terms | string {
  const read = reads === "" ? terms.reads : READS.find((one) => one === reads);
  if (read === undefined)
    return `there are no reads ${JSON.stringify(reads)}; there are ${READS.join(", ")}`;
  if (sync !== "" && !/^\d{1,2}$/.test(sync))
    return `sync is how many secondaries a write waits for, not ${JSON.stringify(sync)}`;
  const count = sync === "" ? terms.sync : Number(sync);
  const lost = loss === "" ? terms.loss : LOSSES.find((one) => one === loss);
  if (lost === undefined)
    return `a primary that may be lost with writes is waited for, or another promoted: ${LOSSES.join(" or ")}, not ${JSON.stringify(loss)}`;
  if (pull !== "" && !/^\d{1,5}$/.test(pull))
    return `pull is every how many milliseconds secondaries ask for what is new, not ${JSON.stringify(pull)}`;
  const preferred = prefer === "" ? terms.prefer : preferredOf(prefer, replicas, status);
  if (typeof preferred === "string") return preferred;
  return {
    ...terms,
    reads: read,
    sync: count === known.sync ? null : count,
    // Where there is nothing to choose it is refused, and not taken for what the profile has.
    loss: lost === "promote" && known.office?.loss === lost ? null : lost,
    prefer: preferred,
    pull: pull === "" ? terms.pull : Number(pull),
  };
}

/** Null: nobody any more. In words why it cannot be that one. */
function preferredOf(
  name: string,
  replicas: readonly NodeId[],
  { members }: NodeStatus,
): NodeId | null | string {
  if (name === "none") return null;
  const member = members.find((one) => one.name === name);
  return member !== undefined && replicas.includes(member.node)
    ? member.node
    : `no member ${JSON.stringify(name)} has a replica of this keyspace: name one that has, or none`;
}

/** So many members, those first that hold the fewest replicas; or those with these names. In words what is wrong with what was asked. */
function chosen(asked: readonly string[], status: NodeStatus): readonly NodeId[] | string {
  const voters = votersOf(status);
  const [only = ""] = asked;
  if (asked.length === 1 && /^\d+$/.test(only)) {
    const count = Number(only);
    if (count < 1 || count > voters.length)
      return `there are ${voters.length} voting members for 1 to ${voters.length} replicas, not ${only}`;
    const held = ({ node }: { readonly node: NodeId }): number =>
      status.keyspaces.filter(({ replicas }) => replicas?.includes(node) === true).length;
    return [...voters]
      .sort((a, b) => held(a) - held(b))
      .slice(0, count)
      .map(({ node }) => node);
  }
  const nodes: NodeId[] = [];
  for (const name of asked) {
    const member = voters.find((one) => one.name === name);
    const names = voters.map((one) => one.name).join(", ");
    if (member === undefined)
      return `there is no voting member ${JSON.stringify(name)}; there are ${names}`;
    if (nodes.includes(member.node)) return `${name} holds one replica at most`;
    nodes.push(member.node);
  }
  return nodes;
}

const votersOf = ({ members }: NodeStatus) => members.filter(({ learner }) => !learner);

const invalid = (message: string): Failure => rejected(INVALID_ARGUMENT, message);
const rejected = (status: number, message: string): Failure => ({
  code: "Rejected",
  definite: true,
  status,
  message,
});

class Change implements Caller {
  readonly #done: (failure: Failure | null) => void;

  constructor(done: (failure: Failure | null) => void) {
    this.#done = done;
  }

  onReply(_id: unknown, outcome: Outcome): void {
    this.#done(outcome.ok ? null : outcome);
  }

  onReadable(): void {
    throw new TypeError("a change of keyspaces is no read");
  }
}
