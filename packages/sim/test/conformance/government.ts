import {
  type AnyLogProtocol,
  type LogState,
  type NodeId,
  type Office,
  type Petition,
  ticks,
} from "@quorate/kernel/core";
import { choose, type OfficeRule, type Standpoint } from "@quorate/kernel/replica";
import { Authority, type Stepper } from "@quorate/sim";
import type { Wire } from "./wire.ts";

interface Wish {
  readonly from: NodeId;
  readonly petition: Petition;
  readonly version: number;
}

/** Longer than the pause between two looks, shorter than the patience of any scenario. */
const TENURE_MILLIS = 1000;

/** Group 0, doing its duty: it renews who is there, grants what it may, and finds somebody for an office that is free. */
export class Government {
  readonly #authority: Authority;
  readonly #rule: OfficeRule;
  readonly #members: readonly NodeId[];
  #until = 0;
  #vacantSince: number | null = null;
  wishes: Wish[] = [];

  constructor(rule: OfficeRule, members: readonly NodeId[]) {
    this.#rule = rule;
    this.#members = members;
    this.#authority = new Authority(members);
  }

  get office(): Office {
    return this.#authority.office;
  }

  /** `reached`: the members that hear it, and that it hears. */
  govern(
    now: number,
    reached: readonly NodeId[],
    protocol: AnyLogProtocol,
    net: Stepper<LogState, Wire>,
  ): void {
    const { wishes } = this;
    this.wishes = [];
    for (const { from, version, petition } of wishes)
      if (reached.includes(from)) this.#authority.petition(version, petition);
    const { primary } = this.office;
    if (primary !== null && reached.includes(primary)) {
      this.#vacantSince = null;
      this.#renew(primary, now);
    } else if (now >= this.#until) this.#fill(now, reached, protocol, net);
    for (const id of reached) {
      const until = this.office.primary === id ? ticks(this.#until) : null;
      net.input(id, { type: "Configure", office: this.office, until });
    }
  }

  #renew(primary: NodeId, now: number): void {
    this.#authority.grant(primary, TENURE_MILLIS, now);
    this.#until = now + TENURE_MILLIS;
  }

  #fill(
    now: number,
    reached: readonly NodeId[],
    protocol: AnyLogProtocol,
    net: Stepper<LogState, Wire>,
  ): void {
    this.#vacantSince ??= now;
    const heard = reached.flatMap((id): (readonly [NodeId, Standpoint])[] => {
      const state = net.stateOf(id);
      const { durable, unfit } = protocol.standing(state);
      if (durable === undefined || unfit === true || state.repairing) return [];
      return [[id, { epoch: durable.epoch, lastIndex: durable.index }]];
    });
    const choice = choose(this.#rule, {
      office: this.office,
      members: this.#members,
      heard,
      isUp: (member) => reached.includes(member),
      waitedTicks: now - this.#vacantSince,
    });
    if (choice.type === "wait") return;
    const { primary, unclean } = choice;
    if (this.#authority.appoint(primary, now, unclean)) this.#renew(primary, now);
  }
}
