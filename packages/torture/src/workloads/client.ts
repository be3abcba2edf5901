import type { Value } from "@quorate/verify";
import type { Answer, Api } from "../cluster/index.ts";
import type { Dice } from "../dice.ts";
import { lasting } from "../wait.ts";
import type { Ending, Recorder } from "./recorder.ts";

const CALL_MILLIS = 2000;
/** Of a thousand calls, so many go to any member instead of the own. */
const ASTRAY_PER_MILLE = 100;

/** What clients of one workload share. */
export interface Ground {
  readonly api: Api;
  readonly endpoints: readonly string[];
  readonly recorder: Recorder;
  /** After it nothing new is begun. */
  readonly until: AbortSignal;
  /** After it nothing goes on: the run was given up. */
  readonly over: AbortSignal;
  /** A number that was never given before. */
  unique(): number;
}

/**
 * One client: does one thing at a time and has it recorded. It stays at its member as long as that answers: if all went everywhere,
 * one member that hangs would soon hold them all, and nobody would see what the others do meanwhile.
 */
export class Client {
  readonly ground: Ground;
  readonly dice: Dice;
  #process: number;
  #home: string;

  constructor(ground: Ground, dice: Dice) {
    this.ground = ground;
    this.dice = dice;
    this.#process = ground.recorder.freshProcess();
    const { endpoints } = ground;
    this.#home = endpoints[this.#process % endpoints.length] ?? dice.pick(endpoints);
  }

  /** Where it asks next. */
  get endpoint(): string {
    return this.dice.chance(ASTRAY_PER_MILLE) ? this.elsewhere : this.#home;
  }

  /** Any member. */
  get elsewhere(): string {
    return this.dice.pick(this.ground.endpoints);
  }

  /** A call at any member, or at this one. */
  call<T>(path: string, body: object, endpoint = this.endpoint): Promise<Answer<T>> {
    return this.ground.api.call<T>(endpoint, path, body, CALL_MILLIS);
  }

  /** One operation, from its invocation to its completion. */
  async perform<E extends Ending>(
    f: string,
    key: string | null,
    value: Value,
    operate: () => Promise<E>,
  ): Promise<E> {
    const { recorder } = this.ground;
    const open = recorder.invoke(this.#process, f, key, value);
    const ending = await operate();
    recorder.complete(open, ending);
    if (ending.type === "unknown") this.#process = recorder.freshProcess();
    if (ending.type === "failed" && this.dice.chance(ASTRAY_PER_MILLE)) this.#home = this.elsewhere;
    // A member that is down refuses at once: without a pause the history would be mostly that.
    if (ending.type !== "ok") await this.rest(this.dice.between(10, 50));
    return ending;
  }

  rest(millis: number): Promise<void> {
    return lasting(millis, this.ground.until);
  }
}

/** The ending of a call that changes nothing: it has none but its answer. */
export const read = <T>(answer: Answer<T>, value: (body: T) => Value): Ending =>
  answer.type === "ok"
    ? { type: "ok", value: value(answer.body) }
    : { type: "failed", why: answer.why };

export const written = <T>(answer: Answer<T>, value: (body: T) => Value): Ending =>
  answer.type === "ok" ? { type: "ok", value: value(answer.body) } : answer;
