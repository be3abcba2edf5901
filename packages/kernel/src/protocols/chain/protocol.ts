import { type Appointed, appointed, onAnswer } from "../../core/appointed/index.ts";
import {
  andThen,
  type LogProtocol,
  NO_EFFECTS,
  type NodeId,
  type Now,
  unreachable,
} from "../../core/index.ts";
import { beat, onBeat, onHere } from "./beats.ts";
import { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
import { askLinks, onAck, relink, replicate } from "./forwarding.ts";
import { keepInSync } from "./in-sync.ts";
import { installed, transferred, wants } from "./installation.ts";
import { becomeWhole, onUpdate } from "./joining.ts";
import type { ChainMessage } from "./message.ts";
import { follow } from "./order.ts";
import { isJoined, onAsk, ownIndex, question, whomToAsk } from "./reads.ts";
import type { ChainSettings } from "./settings.ts";
import { start, startRepairing } from "./start.ts";
import type { ChainState, ChainStep } from "./state.ts";
import { appended, heirOf, heldBy, lead, led } from "./tenure.ts";

const CHAIN: Appointed<ChainState, ChainMessage> = {
  follow,
  lead,
  led,
  // Who has come in step is let answer readers at once.
  confirmed: beat,
  refusal: () => null,
  appended,
  heirOf,
  // What is committed all have.
  hasAll: () => true,
  heldBy,
  ownHeld: ({ durableIndex }) => durableIndex,
  receive,
  relink,
  heartbeat: beat,
  wake: (state, now) =>
    state.links.members.length > 0 && now >= state.linksAt
      ? askLinks(state, now)
      : [state, NO_EFFECTS],
  wakeAt: ({ links, linksAt }) => (links.members.length > 0 ? linksAt : null),
  beforeDrop: (state) => [state, NO_EFFECTS],
  settle: (state, now) =>
    andThen(
      andThen(keepInSync(state, now), (s) => replicate(s, now)),
      (s) => becomeWhole(s, now.ticks),
    ),
  readFloor: () => null,
  ownIndex,
  isSound: isJoined,
  whomToAsk,
  question,
  // Named where it was found.
  undone: () => NO_EFFECTS,
  transferred,
  installed,
};

/** Chain replication with an appointed head (card 10), and CRAQ's reads as an option. */
export const chain = (settings: ChainSettings): LogProtocol<ChainState, ChainMessage> =>
  appointed(CHAIN, {
    start: (self, config, recovered, _seed, now) => start(settings, self, config, recovered, now),
    repair: (self, config, readable, _seed, now) =>
      startRepairing(settings, self, config, readable, now),
    wants,
    encode: encodeMessage,
    decode: decodeMessage,
    holdsEntries,
  });

function receive(state: ChainState, now: Now, from: NodeId, message: ChainMessage): ChainStep {
  switch (message.type) {
    case "Update":
      return onUpdate(state, now, from, message);
    case "Ack":
      return onAck(state, now, from, message);
    case "Beat":
      return onBeat(state, now, from, message);
    case "Here":
      return onHere(state, now, from, message);
    case "Ask":
      return onAsk(state, now, from, message);
    case "Answer":
      return onAnswer(state, message);
    default:
      return unreachable(message);
  }
}
