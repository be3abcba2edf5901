import { type Appointed, appointed, onAnswer } from "../../core/appointed/index.ts";
import {
  andThen,
  type LogProtocol,
  NO_EFFECTS,
  type NodeId,
  type Now,
  unreachable,
} from "../../core/index.ts";
import { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
import { keepInSync } from "./in-sync.ts";
import { installed, transferred, undone, wants } from "./installation.ts";
import { onUpdate } from "./joining.ts";
import type { PrimaryMessage } from "./message.ts";
import { askedBefore, onPull, pull, pullsAt } from "./pulling.ts";
import { isSound, onAsk, ownIndex, question, readFloor, whomToAsk } from "./reads.ts";
import { heartbeat, onAck, ownHeld, relink, replicate, sendBehind } from "./replication.ts";
import type { PrimarySettings } from "./settings.ts";
import { start, startRepairing } from "./start.ts";
import { follow, type PrimaryState, type PrimaryStep } from "./state.ts";
import { appended, hasAll, heirOf, heldBy, lead, refusal } from "./tenure.ts";

const PRIMARY: Appointed<PrimaryState, PrimaryMessage> = {
  follow,
  lead,
  led: (state) => [state, NO_EFFECTS],
  confirmed: (state) => [state, NO_EFFECTS],
  refusal,
  appended,
  heirOf,
  hasAll,
  heldBy,
  ownHeld,
  receive,
  relink,
  heartbeat,
  wake: pull,
  wakeAt: pullsAt,
  beforeDrop: (state, now, upTo) => sendBehind(askedBefore(state, upTo), now),
  settle: (state, now) => andThen(replicate(state, now), (s) => keepInSync(s, now)),
  readFloor,
  ownIndex,
  isSound,
  whomToAsk,
  question,
  undone,
  transferred,
  installed,
};

/** Primary–secondary replication with an appointed primary (cards 1, 2, 3, 8, 9): synchronous, semi-synchronous or asynchronous. */
export const primary = (settings: PrimarySettings): LogProtocol<PrimaryState, PrimaryMessage> =>
  appointed(PRIMARY, {
    start: (self, config, recovered, _seed, now) => start(settings, self, config, recovered, now),
    repair: (self, config, readable, _seed, now) =>
      startRepairing(settings, self, config, readable, now),
    wants,
    encode: encodeMessage,
    decode: decodeMessage,
    holdsEntries,
  });

function receive(
  state: PrimaryState,
  now: Now,
  from: NodeId,
  message: PrimaryMessage,
): PrimaryStep {
  switch (message.type) {
    case "Update":
      return onUpdate(state, now, from, message);
    case "Ack":
      return onAck(state, now, from, message);
    case "Ask":
      return onAsk(state, now, from, message);
    case "Answer":
      return onAnswer(state, message);
    case "Pull":
      return onPull(state, from, message);
    default:
      return unreachable(message);
  }
}
