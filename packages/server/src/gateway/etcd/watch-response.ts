import type { Bytes } from "@quorate/kernel/core";
import { DELIMITED, VARINT, WireReader, WireWriter } from "../protobuf/index.ts";

/** What an event-less response says; what is left out is zero, false or empty. */
export interface WatchNotice {
  readonly watchId: bigint;
  readonly created?: true;
  readonly canceled?: true;
  readonly compactRevision?: number;
  readonly cancelReason?: string;
}

/** The watch id of responses that speak of no single watcher. */
export const NO_WATCH_ID = -1n;

/** A WatchResponse without events; `header` is the encoded header field. */
export function notice(header: Bytes, what: WatchNotice): readonly Bytes[] {
  const fields = watchIdField(what.watchId);
  if (what.created) fields.tag(3, VARINT).size(1);
  if (what.canceled) fields.tag(4, VARINT).size(1);
  if (what.compactRevision !== undefined) fields.tag(5, VARINT).size(what.compactRevision);
  if (what.cancelReason !== undefined) {
    fields.tag(6, DELIMITED).delimited(Buffer.from(what.cancelReason, "utf8"));
  }
  return [header, fields.take()];
}

/**
 * The WatchResponses that carry `events`, which are encoded `events` fields: one, or, where the watcher takes
 * fragments, as many as keep each within `fragmentBytes`, cut between events. A single event larger than that
 * goes alone. All but the last say that more follows.
 */
export function eventResponses(
  header: Bytes,
  watchId: bigint,
  events: Bytes,
  fragmentBytes: number,
): readonly (readonly Bytes[])[] {
  const id = watchIdField(watchId).take();
  const around = header.length + id.length + FRAGMENT_FLAG.length;
  if (around + events.length <= fragmentBytes) return [[header, id, events]];
  const cuts = cutsOf(events, fragmentBytes - around);
  return cuts.map((cut, i) => {
    const part = events.subarray(i === 0 ? 0 : cuts[i - 1], cut);
    return i === cuts.length - 1 ? [header, id, part] : [header, id, FRAGMENT_FLAG, part];
  });
}

const FRAGMENT_FLAG = new WireWriter().tag(7, VARINT).size(1).take();

/** Where each fragment ends. The events were encoded by the machine, so they are well-formed. */
function cutsOf(events: Bytes, bytesMax: number): readonly number[] {
  const cuts: number[] = [];
  const reader = new WireReader(events);
  let from = 0;
  let end = 0;
  while (!reader.done) {
    reader.skip(reader.tag() % 8);
    if (reader.at - from > bytesMax && end > from) {
      cuts.push(end);
      from = end;
    }
    end = reader.at;
  }
  cuts.push(end);
  return cuts;
}

function watchIdField(watchId: bigint): WireWriter {
  const writer = new WireWriter();
  return watchId === 0n ? writer : writer.tag(2, VARINT).varint(watchId);
}
