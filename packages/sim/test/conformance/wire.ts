import {
  type AnyLogProtocol,
  type Bytes,
  crc32c,
  type Effect,
  type Input,
  type LogState,
  Malformed,
  type NodeId,
  type Protocol,
} from "@quorate/kernel/core";

/** A message as the network has it. */
export interface Wire {
  readonly type: string;
  readonly bytes: Bytes;
}

/** What the seam asks of every step and a step did not keep; and what was asked of the world, to compare one run with another. */
export class Audit {
  /** What a step is given cannot be changed. It costs as much as the step. */
  readonly freezes: boolean;
  readonly found: string[] = [];
  readonly trace: string[] = [];
  /** Every message sent. */
  readonly messages: Wire[] = [];

  constructor(freezes: boolean) {
    this.freezes = freezes;
  }
}

/**
 * The protocol behind its own codec. Held against every step: every record is read as what it was
 * said to be; every message is read as it was written; whoever was just woken does not ask to be woken in the past.
 */
export function onTheWire(protocol: AnyLogProtocol, audit: Audit): Protocol<LogState, Wire> {
  const sent = (self: NodeId, effects: readonly Effect<unknown>[]): readonly Effect<Wire>[] =>
    effects.map((effect) => {
      note(audit.trace, self, effect);
      if (effect.type === "Persist" && protocol.lastIndexIn(effect.record) !== effect.lastIndex)
        audit.found.push(`a record of ${self} ends elsewhere than at ${effect.lastIndex}`);
      if (effect.type !== "Send") return effect;
      const message = { type: typeOf(effect.message), bytes: protocol.encode(effect.message) };
      audit.messages.push(message);
      audit.trace.push(`${message.type} ${crc32c(message.bytes)}`);
      return { ...effect, message };
    });
  const received = (input: Input<Wire>): Input<unknown> => {
    if (input.type !== "Receive") return input;
    const { bytes, type } = input.message;
    const message = protocol.decode(bytes);
    if (message instanceof Malformed) throw message;
    if (!isSame(protocol.encode(message), bytes)) audit.found.push(`${type} is read as another`);
    return { ...input, message };
  };
  return {
    start: (self, config, recovered, seed, now) => {
      const begun = protocol.start(self, config, recovered, seed, now);
      return begun === null ? null : [begun[0], sent(self, begun[1])];
    },
    repair: (self, config, readable, seed, now) => {
      const [state, effects] = protocol.repair(self, config, readable, seed, now);
      return [state, sent(self, effects)];
    },
    step: (state, now, inputs) => {
      const given = inputs.map(received);
      if (audit.freezes) frozen([given, state]);
      const [next, effects] = protocol.step(state, now, given);
      const at = protocol.wakeAt(next);
      if (given.some(({ type }) => type === "Wake") && at !== null && at <= now.ticks)
        audit.found.push(`${state.self}, woken at ${now.ticks}, wants to be woken at ${at}`);
      return [next, sent(state.self, effects)];
    },
    meta: (state) => protocol.meta(state),
    wants: (state, at) => protocol.wants(state, at),
    wakeAt: (state) => protocol.wakeAt(state),
  };
}

export const isSame = (a: Bytes, b: Bytes): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

function note(trace: string[], self: NodeId, effect: Effect<unknown>): void {
  const what = effect.type === "Persist" ? crc32c(effect.record) : placeOf(effect);
  trace.push(`${self} ${effect.type} ${what}`);
}

function placeOf(effect: Effect<unknown>): string {
  switch (effect.type) {
    case "Commit":
      return effect.entries.map(({ epoch, index }) => `${epoch}/${index}`).join();
    case "Readable":
      return `${effect.ids.join()} at ${effect.at} until ${effect.validUntil}`;
    case "Settle":
      return `${effect.id} ${effect.outcome.ok}`;
    case "Send":
    case "Transfer":
      return `to ${effect.to}`;
    default:
      return "";
  }
}

function typeOf(message: unknown): string {
  if (typeof message !== "object" || message === null || !("type" in message))
    throw new RangeError("a message says its type");
  return String(message.type);
}

/** Plain records and lists, all the way down; logs, maps and bytes may be used again by the next step (core/seam.ts). */
function frozen(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
}
