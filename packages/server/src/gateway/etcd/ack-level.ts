import { ACKS_MAX, type Acks } from "@quorate/kernel/core";
import type { WriteName } from "@quorate/kernel/replica";
import { Code, type GrpcCall, type Status, status } from "../grpc/index.ts";

/**
 * Metadata of a write: how many members' disks must hold it before it is answered. The trailer of the same name says how many of those
 * that vote did when it was.
 */
export const ACKS_HEADER = "quorate-acks";
/** A trailer of such a write: the name under which it is told of should it be undone. */
export const REQUEST_TRAILER = "quorate-request";

/** What the call asks for: null where it asks for nothing, a status where that is no level. */
export function acksOf(call: GrpcCall): Acks | Status | null {
  const text = call.metadata(ACKS_HEADER);
  if (text === undefined) return null;
  if (text === "primary") return 1;
  if (text === "majority" || text === "all") return text;
  const number = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= ACKS_MAX) return number;
  return status(
    Code.InvalidArgument,
    `quorate: ${ACKS_HEADER} is primary, majority, all or a number of members, not ${JSON.stringify(text)}`,
  );
}

/** Ids count up within one life of a node: with both it is a name that nobody else has. */
export const writeName = ({ node, start, request }: WriteName): string =>
  `${node}-${start}-${request}`;
