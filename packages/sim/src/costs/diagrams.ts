import { type AnyLogProtocol, type NodeId, requestId } from "@quorate/kernel/core";
import { settled, WAYS, type Way } from "./ways.ts";

/** Of each protocol one way is drawn: the one that is in service. */
const DRAWN: readonly (readonly [title: string, name: string])[] = [
  ["Raft", "Raft"],
  ["Multi-Paxos", "Multi-Paxos"],
  ["ZAB", "ZAB"],
  ["Primary–secondary, synchronous", "synchronous primary"],
  ["Primary–secondary, asynchronous", "asynchronous primary"],
  ["Write all, read one", "write all, read one"],
  ["Chain replication", "chain replication"],
];

/** Elections end well before, and heartbeats would fill a page. */
const TAKEOVER_MILLIS = 20_000;
/** A picture longer than that is none. */
const LINES_MAX = 60;
/** Told over and over; they say nothing of who takes over. */
const BEATS: ReadonlySet<string> = new Set([
  "Heartbeat",
  "HeartbeatReply",
  "Ping",
  "Pong",
  "Beat",
  "Here",
]);

/** `docs/protocols/runs.md`: what three replicas said to each other, as it happened. */
export function runsPage(): string {
  return [
    "# Runs, drawn",
    "",
    "Made by `npm run costs` from the protocols as they are: three replicas, every message arriving at once and in order, disks that write at once. *disk* is a record made durable, *committed* that entries were handed to the",
    "machine. A message that promises what was persisted leaves behind the disk. The second picture, where somebody is elected, begins when the leader has crashed and shows how the others find the next one, without heartbeats.",
    "",
    ...DRAWN.flatMap(([title, name]) => sectionOf(title, wayNamed(name))),
  ].join("\n");
}

function wayNamed(name: string): Way {
  const way = WAYS.find((one) => one.name === name);
  if (way === undefined) throw new RangeError(`nobody writes by way of ${name}`);
  return way;
}

const sectionOf = (title: string, way: Way): readonly string[] => [
  `## ${title}`,
  "",
  "A write:",
  "",
  ...pictureOf(write(way)),
  "",
  ...(way.appointed ? [] : ["The leader is lost:", "", ...pictureOf(takeover(way)), ""]),
];

function pictureOf({ members, lines }: Drawing): readonly string[] {
  const shown = lines.slice(0, LINES_MAX);
  return [
    "```mermaid",
    "sequenceDiagram",
    ...members.map((member) => `  participant n${member}`),
    ...shown.map((line) => `  ${line}`),
    "```",
  ];
}

interface Drawing {
  readonly members: readonly NodeId[];
  readonly lines: readonly string[];
}

function write(way: Way): Drawing {
  const lines: string[] = [];
  const { net, members, leader } = settled(way, told(way.protocol, lines), 3);
  lines.length = 0;
  lines.push(`Note over n${leader}: a client's command`);
  const command = new Uint8Array(1);
  net.input(leader, { type: "Propose", commands: [{ id: requestId(1), command }] });
  net.deliver();
  return { members, lines };
}

/** Until the next leader has committed an entry of its own. */
function takeover(way: Way): Drawing {
  const lines: string[] = [];
  const { net, members, leader } = settled(way, told(way.protocol, lines), 3);
  lines.length = 0;
  net.crash(leader);
  lines.push(`Note over n${leader}: crashes`);
  const committed = (): boolean => lines.some((line) => line.endsWith("committed"));
  for (let millis = 0; millis < TAKEOVER_MILLIS && !committed(); millis++) net.run(1);
  return { members, lines: lines.filter((line) => !isBeat(line)) };
}

const isBeat = (line: string): boolean => BEATS.has(line.split(": ")[1] ?? "");

/** The same protocol, which tells what it hears and does. */
function told(protocol: AnyLogProtocol, lines: string[]): AnyLogProtocol {
  return {
    ...protocol,
    step: (state, now, inputs) => {
      const step = protocol.step(state, now, inputs);
      const { self } = state;
      for (const input of inputs)
        if (input.type === "Receive")
          lines.push(`n${input.from}->>n${self}: ${typeOf(input.message)}`);
      const does = (type: string): boolean => step[1].some((effect) => effect.type === type);
      if (does("Persist")) lines.push(`Note over n${self}: disk`);
      if (does("Commit")) lines.push(`Note over n${self}: committed`);
      return step;
    },
  };
}

const typeOf = (message: unknown): string =>
  typeof message === "object" && message !== null && "type" in message ? String(message.type) : "?";
