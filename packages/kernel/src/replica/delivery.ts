import { type Bytes, Malformed, type NodeId, type Now } from "../core/index.ts";
import { decodeAcksAnswers, decodeAcksQuestions } from "./acks-wire.ts";
import { decodeHashReport, decodeVerdict } from "./equal-state.ts";
import { decodeNames } from "./lost-writes.ts";
import type { Replica } from "./replica.ts";
import { decodeChunkTaken } from "./streaming.ts";
import { decodeForward, decodeForwardRefused, FrameKind } from "./wire.ts";

/** What became of an item: `Malformed` bytes are not what they claim to be, an `Unknown` kind is a later release's. */
export type Delivery = "Taken" | "Malformed" | "Unknown";

/** Gives one item of a frame to the replica that it is for. */
export function deliver(
  replica: Replica,
  from: NodeId,
  kind: number,
  bytes: Bytes,
  now: Now,
): Delivery {
  switch (kind) {
    case FrameKind.protocol:
      return replica.receive(from, bytes) ? "Taken" : "Malformed";
    case FrameKind.forward:
      return taken(decodeForward(bytes), (envelopes) =>
        replica.proposals.forwarded(from, envelopes),
      );
    case FrameKind.forwardRefused:
      return taken(decodeForwardRefused(bytes), (refused) =>
        replica.proposals.refused(from, refused, now.ticks),
      );
    case FrameKind.chunk:
      replica.onChunk(from, bytes);
      return "Taken";
    case FrameKind.chunkTaken:
      return taken(decodeChunkTaken(bytes), (reply) => replica.onChunkTaken(from, reply, now));
    case FrameKind.logTime:
      return replica.onLogTime(bytes) ? "Taken" : "Malformed";
    case FrameKind.hash:
      return taken(decodeHashReport(bytes), ({ index, hash }) =>
        replica.deviation.report(from, index, hash),
      );
    case FrameKind.verdict:
      return taken(decodeVerdict(bytes), (verdict) => replica.deviation.verdict(verdict));
    case FrameKind.snapshotWanted:
      replica.onSnapshotWanted(from, now);
      return "Taken";
    case FrameKind.acksQuestion:
      return taken(decodeAcksQuestions(bytes), (questions) =>
        replica.acknowledgements.onQuestions(from, questions, now.ticks),
      );
    case FrameKind.acksAnswer:
      return taken(decodeAcksAnswers(bytes), (answers) =>
        replica.acknowledgements.onAnswers(answers),
      );
    case FrameKind.lostWrites:
      return taken(decodeNames(bytes), (names) => replica.exporting.onLost(names));
    default:
      return "Unknown";
  }
}

function taken<T>(decoded: T | Malformed, take: (value: T) => void): Delivery {
  if (decoded instanceof Malformed) return "Malformed";
  take(decoded);
  return "Taken";
}
