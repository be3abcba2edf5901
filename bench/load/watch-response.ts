import { Fields } from "./fields.ts";

/** What a load needs of a WatchResponse, read without making an object of every event: there are 500,000 a second. */
export interface WatchReader {
  onCreated(watchId: number): void;
  onCanceled(watchId: number): void;
  /** One event: whose, of which revision, and where in `bytes` its value begins. */
  onEvent(watchId: number, modRevision: number, bytes: Uint8Array, valueAt: number): void;
}

const [WATCH_ID, CREATED, CANCELED, EVENTS] = [2, 3, 4, 11];
const EVENT_KV = 2;
const [KV_MOD_REVISION, KV_VALUE] = [3, 5];

/** Walks over fields in the order in which protobuf writes them: the id comes before the events. */
export function readWatchResponse(bytes: Uint8Array, reader: WatchReader): void {
  const at = new Fields(bytes);
  let watchId = 0;
  while (at.next(bytes.length)) {
    if (at.field === WATCH_ID) watchId = at.varint();
    else if (at.field === CREATED && at.varint() === 1) reader.onCreated(watchId);
    else if (at.field === CANCELED && at.varint() === 1) reader.onCanceled(watchId);
    else if (at.field === EVENTS) readEvent(at, watchId, reader);
    else at.skip();
  }
}

function readEvent(at: Fields, watchId: number, reader: WatchReader): void {
  const end = at.delimited();
  while (at.next(end)) {
    if (at.field !== EVENT_KV) {
      at.skip();
      continue;
    }
    const kvEnd = at.delimited();
    let [modRevision, valueAt] = [0, 0];
    while (at.next(kvEnd)) {
      if (at.field === KV_MOD_REVISION) modRevision = at.varint();
      else {
        if (at.field === KV_VALUE) valueAt = at.afterLength();
        at.skip();
      }
    }
    reader.onEvent(watchId, modRevision, at.bytes, valueAt);
  }
}
