import {
  type Bytes,
  ballotOf,
  type Effect,
  type Entry,
  type GroupConfig,
  type Input,
  type LogIndex,
  type NodeId,
  type Now,
  type PersistSeq,
  type Position,
  requestId,
  type Ticks,
} from "@quorate/kernel/core";
import {
  DEFAULT_SETTINGS,
  encodeEntries,
  encodeHardState,
  type PaxosMessage,
  type PaxosState,
  paxos,
  type Slot,
} from "@quorate/kernel/paxos";
import { describe, expect, it } from "vitest";

const [one, two, three] = [1n as NodeId, 2n as NodeId, 3n as NodeId];
const config: GroupConfig = { epoch: 0, voters: [one, two, three], outgoing: null, learners: [] };
const protocol = paxos(DEFAULT_SETTINGS);
const at = (ticks: number): Now => ({ ticks: ticks as Ticks, wall: { earliest: 0, latest: 0 } });
const slot = (n: number): Slot => n as Slot;
const BIRTH: Position = { epoch: 0, index: 1 as LogIndex };

const entries = (first: number, ...texts: readonly string[]): readonly Entry[] =>
  texts.map((text, i) => ({
    index: slot(first + i),
    epoch: 0,
    kind: "command",
    command: Uint8Array.from(text, (character) => character.charCodeAt(0)),
  }));
const hardState = (promised: number, decided: number) => ({
  promised: ballotOf(promised, 0),
  decided: slot(decided),
  repairing: false,
  blind: false,
});
const textsOf = ({ log }: PaxosState): readonly string[] =>
  log.slice(log.base.index, log.lastIndex).map(({ command }) => String.fromCharCode(...command));

function restarted(
  records: readonly Bytes[],
  checkpointAt: Position = BIRTH,
  meta: Bytes | null = null,
): PaxosState | null {
  const checkpoint = { at: checkpointAt, config, meta };
  return protocol.start(one, config, { checkpoint, records }, 1n, at(0))?.[0] ?? null;
}

/** Steps, with a disk that is always done. */
function stepped(
  state: PaxosState,
  ...inputs: readonly Input<PaxosMessage>[]
): readonly [PaxosState, readonly Effect<PaxosMessage>[]] {
  const [next, effects] = protocol.step(state, at(1), inputs);
  const persists = effects.filter(({ type }) => type === "Persist").length;
  if (persists === 0) return [next, effects];
  const upTo = next.persisted as number as PersistSeq;
  const [durable, more] = protocol.step(next, at(1), [{ type: "Durable", upTo }]);
  return [durable, [...effects, ...more]];
}

const recordsIn = (effects: readonly Effect<PaxosMessage>[]): readonly Bytes[] =>
  effects.flatMap((effect) => (effect.type === "Persist" ? [effect.record] : []));

describe("a restart", () => {
  it("has as log what is decided, and keeps as accepted what is behind it", () => {
    const state = restarted([
      encodeEntries(hardState(1, 1), ballotOf(1, 0), slot(2), entries(2, "a", "b")),
      encodeEntries(hardState(1, 2), ballotOf(1, 0), slot(5), entries(5, "d")),
    ]);
    expect(state === null ? null : textsOf(state)).toEqual(["a"]);
    expect(state?.accepted.slotsFrom(slot(1))).toEqual([3, 5]);
    expect(state?.term).toBe(ballotOf(1, 0));
  });

  it("takes the last value of a slot that was accepted under several ballots", () => {
    const state = restarted([
      encodeEntries(hardState(1, 1), ballotOf(1, 0), slot(2), entries(2, "old")),
      encodeEntries(hardState(2, 1), ballotOf(2, 1), slot(2), entries(2, "new")),
      encodeHardState(hardState(3, 2)),
    ]);
    expect(state === null ? null : textsOf(state)).toEqual(["new"]);
  });

  it("refuses records with a gap in what is decided", () => {
    const torn = [encodeEntries(hardState(1, 4), ballotOf(1, 0), slot(3), entries(3, "b", "c"))];
    expect(restarted(torn)).toBeNull();
  });

  it("believes the machine where that is ahead of the records, and not what they hold there", () => {
    const state = restarted(
      [encodeEntries(hardState(1, 1), ballotOf(1, 0), slot(2), entries(2, "x", "y", "z"))],
      { epoch: 0, index: 3 as LogIndex },
    );
    expect(state?.log.base.index).toBe(3);
    expect(state === null ? null : textsOf(state)).toEqual([]);
    expect(state?.accepted.slotsFrom(slot(1))).toEqual([4]);
  });

  it("serves others from as far back as the records reach", () => {
    const state = restarted(
      [encodeEntries(hardState(1, 4), ballotOf(1, 0), slot(2), entries(2, "a", "b", "c", "d"))],
      { epoch: 0, index: 3 as LogIndex },
    );
    expect(state?.log.base.index).toBe(1);
    expect(state === null ? null : textsOf(state)).toEqual(["a", "b", "c"]);
  });

  it("where it was being rebuilt, trusts no record from before that", () => {
    const begun = { ...hardState(2, 0), repairing: true, blind: true };
    const state = restarted(
      [
        encodeEntries(hardState(1, 3), ballotOf(1, 0), slot(2), entries(2, "a", "b")),
        encodeHardState(begun),
      ],
      { epoch: 0, index: 0 as LogIndex },
    );
    expect(state).toMatchObject({ commitIndex: 0, repairing: true, blind: true });
    expect(state?.accepted.size).toBe(0);
  });
});

describe("a received snapshot", () => {
  const begun = (): PaxosState => {
    const records = [
      encodeEntries(hardState(1, 1), ballotOf(1, 0), slot(3), entries(3, "c", "d", "e")),
    ];
    return restarted(records) as PaxosState;
  };
  const position: Position = { epoch: 0, index: 4 as LogIndex };

  it("replaces the log, and keeps what is accepted beyond it, on disk too", () => {
    const state = begun();
    expect(protocol.wants(state, position)).toBe(true);
    // The node takes the word for the new checkpoint, then says that it is being written, then that it is.
    const meta = protocol.meta(state);
    const [waiting] = stepped(state, { type: "Installing", at: position });
    expect(protocol.wants(waiting, position)).toBe(false);
    const [installed, effects] = stepped(waiting, { type: "Installed", at: position, config });
    expect(installed).toMatchObject({ commitIndex: 4, installing: null });
    expect(installed.accepted.slotsFrom(slot(1))).toEqual([5]);

    for (const records of [recordsIn(effects), []]) {
      const again = restarted(records, position, meta);
      expect(again?.commitIndex).toBe(4);
      expect(again?.accepted.get(slot(5))?.value.command).toEqual(entries(5, "e")[0]?.command);
      expect(again?.term, "and the promise").toBe(ballotOf(1, 0));
    }
  });

  it("lets the log stand still while its checkpoint is written", () => {
    const [state] = stepped(begun(), { type: "Installing", at: position });
    const accept = {
      type: "Accept",
      ballot: ballotOf(1, 1),
      slot: slot(2),
      decided: slot(2),
      round: 1,
    } as const;
    const message = { ...accept, entries: entries(2, "b") };
    const [after, effects] = stepped(state, { type: "Receive", from: two, message });
    expect(after.commitIndex).toBe(1);
    expect(
      effects.some((effect) => effect.type === "Send" && effect.message.type === "AcceptedSlots"),
    ).toBe(false);
  });

  it("is asked for by a leader on behalf of a member that lacks what its log has dropped", () => {
    const leader = leading();
    const dropped = stepped(
      leader,
      { type: "Applied", upTo: leader.log.lastIndex },
      {
        type: "Compact",
        upTo: leader.log.lastIndex,
      },
    )[0];
    const reply = {
      type: "HeartbeatReply",
      ballot: dropped.term,
      decided: slot(0),
      round: 1,
      repairing: false,
    } as const;
    const [waiting, effects] = stepped(dropped, { type: "Receive", from: three, message: reply });
    expect(effects).toContainEqual({ type: "Transfer", to: three });

    const [after] = stepped(waiting, { type: "Transferred", to: three, at: position, ok: true });
    const caughtUp = { ...reply, decided: after.log.lastIndex };
    const [fed, none] = stepped(after, { type: "Receive", from: three, message: caughtUp });
    expect(none.some(({ type }) => type === "Transfer")).toBe(false);
    expect(protocol.isInStep(fed, three)).toBe(true);
  });

  it("whoever lacks what this log has dropped gets neither pre-vote nor promise", () => {
    const records = [
      encodeEntries(hardState(1, 4), ballotOf(1, 0), slot(2), entries(2, "a", "b", "c")),
    ];
    const state = restarted(records, { epoch: 0, index: 4 as LogIndex }) as PaxosState;
    const [dropped] = stepped(state, { type: "Compact", upTo: 4 as LogIndex });
    const ballot = ballotOf(9, 1);
    const ask = (fromSlot: number) =>
      stepped(
        dropped,
        {
          type: "Receive",
          from: two,
          message: { type: "PreVote", ballot, fromSlot: slot(fromSlot) },
        },
        {
          type: "Receive",
          from: two,
          message: { type: "Prepare", ballot, fromSlot: slot(fromSlot), takeOver: false },
        },
      )[1].flatMap((effect) => (effect.type === "Send" ? [effect.message] : []));
    expect(ask(3)).toEqual([{ type: "PreVoteReply", ballot: ballotOf(1, 0), granted: false }]);
    expect(ask(5).map(({ type }) => type)).toEqual(["PreVoteReply", "Promised"]);
  });
});

/** S1 as an established leader, of which S2 has accepted everything. */
function leading(): PaxosState {
  const ballot = ballotOf(1, 0);
  let state = restarted([]) as PaxosState;
  [state] = protocol.step(state, at(2000), [{ type: "Wake" }]);
  const granted = { type: "PreVoteReply", ballot, granted: true } as const;
  [state] = stepped(state, { type: "Receive", from: two, message: granted });
  const promised = {
    type: "Promised",
    ballot,
    fromSlot: slot(2),
    chosen: [],
    accepted: [],
    decided: slot(1),
    acceptedUnder: ballotOf(1, 0),
    rest: null,
  } as const;
  [state] = stepped(state, { type: "Receive", from: two, message: promised });
  const acceptance = {
    type: "AcceptedSlots",
    ballot,
    slot: slot(2),
    count: 1,
    decided: slot(1),
    round: 0,
  } as const;
  [state] = stepped(state, { type: "Receive", from: two, message: acceptance });
  expect(protocol.standing(state)).toMatchObject({ role: "leader", leader: one, termStart: 2 });
  return state;
}

describe("bounds", () => {
  it("a leader refuses for certain what goes beyond alpha undecided slots", () => {
    const small = paxos({ ...DEFAULT_SETTINGS, alpha: 2 });
    const state = { ...leading(), settings: { ...DEFAULT_SETTINGS, alpha: 2 } };
    const commands = [1, 2, 3].map((id) => ({ id: requestId(id), command: new Uint8Array(1) }));
    const [next, effects] = small.step(state, at(1), [{ type: "Propose", commands }]);
    expect(next.role).toMatchObject({ nextSlot: 5 });
    expect(effects.filter(({ type }) => type === "Settle")).toMatchObject([
      { id: 3, outcome: { ok: false, code: "Overloaded", definite: true } },
    ]);
  });

  it("an acceptor takes nothing beyond its window, and says how much it took", () => {
    const state = { ...(restarted([]) as PaxosState), settings: { ...DEFAULT_SETTINGS, alpha: 2 } };
    const accept = {
      type: "Accept",
      ballot: ballotOf(1, 1),
      slot: slot(3),
      decided: slot(1),
      round: 1,
    } as const;
    const message = { ...accept, entries: entries(3, "b", "c", "d") };
    const [next, effects] = stepped(state, { type: "Receive", from: two, message });
    expect(next.accepted.slotsFrom(slot(1))).toEqual([3]);
    const reply = effects.find((effect) => effect.type === "Send");
    expect(reply).toMatchObject({ message: { type: "AcceptedSlots", slot: 3, count: 1 } });
  });

  it("a promise that does not fit into a message is told in parts, each asked for", () => {
    const records = [
      encodeEntries(hardState(1, 3), ballotOf(1, 0), slot(2), entries(2, "a", "b", "c", "d", "e")),
    ];
    let state = {
      ...(restarted(records) as PaxosState),
      settings: { ...DEFAULT_SETTINGS, batchEntriesMax: 2 },
    };
    const parts: unknown[] = [];
    for (let from: number | null = 2; from !== null; ) {
      const message = {
        type: "Prepare",
        ballot: ballotOf(2, 1),
        fromSlot: slot(from),
        takeOver: false,
      } as const;
      const [next, effects] = stepped(state, { type: "Receive", from: two, message });
      state = next;
      const reply = effects.find((effect) => effect.type === "Send");
      if (reply?.type !== "Send" || reply.message.type !== "Promised")
        throw new Error("no promise");
      parts.push([reply.message.chosen.length, reply.message.accepted.length]);
      from = reply.message.rest;
    }
    expect(parts).toEqual([
      [2, 0],
      [0, 2],
      [0, 1],
    ]);
  });
});
