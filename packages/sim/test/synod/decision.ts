import {
  type Bytes,
  fromUtf8,
  type GroupConfig,
  type NodeId,
  nodeId,
  requestId,
  type SynodRules,
  utf8,
} from "@quorate/kernel/core";
import {
  ALL_RULES,
  DEFAULT_SETTINGS,
  type SynodMessage,
  type SynodSettings,
  type SynodState,
  synod,
} from "@quorate/kernel/synod";
import { type Flight, Stepper } from "@quorate/sim";

export interface DecisionSetup {
  readonly acceptors: number;
  readonly learners?: number;
  readonly rules?: Partial<SynodRules>;
  readonly settings?: Partial<SynodSettings>;
  readonly seed?: bigint;
}

/** Processes of one decision: acceptors 1 to m, who may propose, then learners. What is not said does not happen. */
export class Decision {
  readonly net: Stepper<SynodState, SynodMessage>;
  readonly members: readonly number[];
  #requests = 0;

  constructor({ acceptors, learners = 0, rules, settings, seed = 1n }: DecisionSetup) {
    this.members = Array.from({ length: acceptors + learners }, (_, i) => i + 1);
    const ids = this.members.map(id);
    const config: GroupConfig = {
      epoch: 0,
      voters: ids.slice(0, acceptors),
      outgoing: null,
      learners: ids.slice(acceptors),
    };
    const protocol = synod({
      ...DEFAULT_SETTINGS,
      ...settings,
      rules: { ...ALL_RULES, ...rules },
    });
    this.net = new Stepper({ protocol, members: ids, config, seed });
  }

  propose(member: number, value: string): this {
    const commands = [{ id: requestId(++this.#requests), command: utf8(value) }];
    this.net.input(id(member), { type: "Propose", commands });
    return this;
  }

  read(member: number): this {
    const ids = [requestId(++this.#requests)];
    this.net.input(id(member), { type: "Read", ids, level: "readIndex" });
    return this;
  }

  /** Messages of these types between one and the others named arrive, and what follows from them. */
  exchange(
    one: number,
    others: readonly number[],
    ...types: readonly SynodMessage["type"][]
  ): this {
    this.net.deliver(
      ({ from, to, message }) =>
        (types.length === 0 || types.includes(message.type)) &&
        ((from === id(one) && others.map(id).includes(to)) ||
          (to === id(one) && others.map(id).includes(from))),
    );
    return this;
  }

  prepares(one: number, others: readonly number[]): this {
    return this.exchange(one, others, "Prepare", "Promised");
  }

  accepts(one: number, others: readonly number[]): this {
    return this.exchange(one, others, "Accept", "Accepted", "Reject");
  }

  lose(matches?: (flight: Flight<SynodMessage>) => boolean): this {
    this.net.lose(matches);
    return this;
  }

  /** Its next ballot: the time for it has come. */
  again(member: number): this {
    this.net.pass(1_000_000).wake(id(member));
    return this;
  }

  state(member: number): SynodState {
    return this.net.stateOf(id(member));
  }

  decided(member: number): string | null {
    const { decided } = this.state(member);
    return decided === null ? null : fromUtf8(decided);
  }

  /** All values that anybody has ever learned: more than one, and agreement is broken. */
  get learned(): readonly string[] {
    const values = this.members.flatMap((member) =>
      this.net.appliedOf(id(member)).map(({ command }) => fromUtf8(command)),
    );
    return [...new Set(values)].sort();
  }

  sent(): Readonly<Partial<Record<SynodMessage["type"], number>>> {
    return Object.fromEntries(this.net.sent);
  }
}

export const id = (member: number): NodeId => nodeId(BigInt(member));

export const textOf = (value: Bytes | undefined): string | null =>
  value === undefined ? null : fromUtf8(value);
