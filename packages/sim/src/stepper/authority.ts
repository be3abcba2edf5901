import {
  groupId,
  keyspaceId,
  type NodeId,
  type Office,
  type Petition,
  startId,
} from "@quorate/kernel/core";
import {
  appointed,
  firstOffice,
  petitioned,
  renewed,
  type SystemState,
} from "@quorate/kernel/replica";

const GROUP = groupId(1);
const KEYSPACE = keyspaceId(1);
const NODE = { name: "", peerAddress: "", clientAddresses: [], learner: false, version: 2 };

/** Group 0 as one group sees it: its own rules for offices, and time that a test moves. Nothing of it is ever lost. */
export class Authority {
  #state: SystemState;
  #serial = 0;

  constructor(members: readonly NodeId[]) {
    const office: Office = { ...firstOffice(GROUP, members), primary: null, epoch: 0 };
    const group = { group: GROUP, keyspace: KEYSPACE, born: members, fixed: true, office };
    this.#state = {
      membershipEpoch: 0,
      nodes: new Map(members.map((node) => [node, { ...NODE, node }])),
      removed: [],
      keyspaces: new Map(),
      groups: new Map([[GROUP, group]]),
      tenures: new Map(),
      nextKeyspace: keyspaceId(2),
      nextGroup: groupId(2),
    };
  }

  get office(): Office {
    const office = this.#state.groups.get(GROUP)?.office;
    if (office == null) throw new RangeError("the group has an office");
    return office;
  }

  /** False where the last holder's time is not over, or the one named may lack what was acknowledged. */
  appoint(
    primary: NodeId,
    at: number,
    unclean: boolean,
    wait = true,
    version = this.office.version,
  ): boolean {
    const command = { type: "appoint", group: GROUP, version, primary, unclean } as const;
    return this.#take(appointed(this.#state, command, at, wait));
  }

  /** False where the office is another by now. */
  petition(version: number, petition: Petition): boolean {
    return this.#take(petitioned(this.#state, GROUP, version, petition));
  }

  grant(node: NodeId, millis: number, at: number): boolean {
    const serial = ++this.#serial;
    const command = { type: "renewTenure", node, start: startId(1n), serial, millis } as const;
    return this.#take(renewed(this.#state, command, at));
  }

  #take(next: SystemState | null): boolean {
    if (next !== null) this.#state = next;
    return next !== null;
  }
}
