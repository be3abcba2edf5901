import type { LogIndex } from "@quorate/kernel/core";
import { decodeMessage, encodeMessage, type RaftMessage, term } from "@quorate/kernel/raft";
import { describe, expect, it } from "vitest";

const index = (n: number): LogIndex => n as LogIndex;
const command = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(7);

const ONE_OF_EACH: readonly RaftMessage[] = [
  { type: "PreVote", term: term(3), lastLogIndex: index(9), lastLogTerm: term(2) },
  { type: "PreVoteReply", term: term(3), voteGranted: true },
  {
    type: "RequestVote",
    term: term(3),
    lastLogIndex: index(9),
    lastLogTerm: term(2),
    transfer: true,
  },
  { type: "RequestVoteReply", term: term(3), voteGranted: false },
  {
    type: "AppendEntries",
    term: term(3),
    prevLogIndex: index(9),
    prevLogTerm: term(2),
    entries: [
      { index: index(10), epoch: 2, kind: "command", command: command(5) },
      { index: index(11), epoch: 3, kind: "noop", command: command(0) },
    ],
    leaderCommit: index(8),
    round: 4,
  },
  {
    type: "AppendEntriesReply",
    term: term(3),
    success: true,
    matchIndex: index(11),
    conflictTerm: term(0),
    rejectedIndex: index(0),
    round: 4,
  },
  { type: "Heartbeat", term: term(3), leaderCommit: index(8), round: 5, quiesce: true },
  { type: "HeartbeatReply", term: term(3), round: 5, lastLogIndex: index(11) },
  { type: "TimeoutNow", term: term(3) },
  { type: "ReadIndex", term: term(3), question: 6 },
  { type: "ReadIndexReply", term: term(3), question: 6, readIndex: index(8) },
];

describe("messages on the wire", () => {
  for (const message of ONE_OF_EACH) {
    it(`${message.type} is read as it was written, from a buffer that it fills`, () => {
      const bytes = encodeMessage(message);
      expect(decodeMessage(bytes)).toEqual(message);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    });
  }
});
