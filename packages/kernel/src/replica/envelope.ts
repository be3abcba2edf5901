import {
  type Bytes,
  decoded,
  KIND_RESERVED,
  Malformed,
  type NodeId,
  putU32,
  Reader,
  type RequestId,
  type StartId,
  u32At,
  Writer,
} from "../core/index.ts";

/**
 * What surrounds a client's own bytes in the log (contracts, Command envelope). The origin finds its request again
 * when it applies the entry; `at` is stamped by the leader.
 */
export interface Envelope {
  readonly kind: number;
  readonly node: NodeId;
  readonly start: StartId;
  /** 0 where nobody waits: a command of the machine or the replica itself. */
  readonly request: RequestId;
  /** What was left of the deadline when it was sent on, in ticks: work past it is dropped, not done (A3). */
  readonly deadlineTicks: number;
  /** Log time in milliseconds; 0 until the leader stamps it. */
  readonly at: number;
  readonly session: { readonly id: bigint; readonly sequence: number } | null;
  readonly body: Bytes;
}

/** Kinds that the replica itself understands. Numbers are on disk: append only. */
export const ReplicaKind = {
  /** Several envelopes as one entry: a turn's lease renewals. */
  bundle: KIND_RESERVED,
  /** Every replica notes the hash of its state here (F10). */
  mark: KIND_RESERVED + 1,
  /** The leader's hash at a mark: whoever differs stops serving. */
  check: KIND_RESERVED + 2,
  openSession: KIND_RESERVED + 3,
  closeSession: KIND_RESERVED + 4,
  /** How long the leases are that caches may have: see `leased.ts`. */
  leased: KIND_RESERVED + 5,
} as const;

const VERSION = 1;
const AT_OFFSET = 30;
/** What stands before the body, and before that where there is a session. */
const HEAD_BYTES = 49;
const SESSION_BYTES = 16;
const SESSION_FLAG = 1;
/** Envelopes in one bundle; more renewals of a turn make more entries. */
export const BUNDLE_MAX = 1024;

export function encodeEnvelope(e: Envelope): Bytes {
  const w = new Writer(HEAD_BYTES + (e.session === null ? 0 : SESSION_BYTES) + e.body.length)
    .u8(VERSION)
    .u8(e.kind)
    .u64(e.node)
    .u64(e.start)
    .uint(e.request);
  w.u32(Math.min(e.deadlineTicks, 0xffff_ffff))
    .uint(e.at)
    .u8(e.session === null ? 0 : SESSION_FLAG);
  // Room for the user and the auth revision (contracts): no user, revision 0, until keyspaces have users.
  w.u16(0).uint(0);
  if (e.session !== null) w.u64(e.session.id).uint(e.session.sequence);
  return w.raw(e.body).take();
}

/** The body is a slice of the given bytes. */
export const decodeEnvelope = (bytes: Bytes): Envelope | Malformed =>
  decoded(() => readEnvelope(bytes));

function readEnvelope(bytes: Bytes): Envelope {
  const r = new Reader(bytes);
  if (r.u8() !== VERSION) throw new Malformed("an envelope of another release");
  const kind = r.u8();
  const [node, start] = [id63(r), id63(r)];
  const request = r.uint() as RequestId;
  const deadlineTicks = r.u32();
  const at = r.uint();
  const flags = r.u8();
  if (r.u16() !== 0 || r.uint() !== 0)
    throw new Malformed("an envelope with a user, from a later release");
  const session = (flags & SESSION_FLAG) === 0 ? null : { id: r.u64(), sequence: r.uint() };
  return {
    kind,
    node: node as NodeId,
    start: start as StartId,
    request,
    deadlineTicks,
    at,
    session,
    body: r.raw(r.left),
  };
}

/** The leader's log time, written into an envelope that nobody else holds yet. */
export function stamp(envelope: Bytes, at: number): void {
  putU32(envelope, AT_OFFSET, at >>> 0);
  putU32(envelope, AT_OFFSET + 4, Math.floor(at / 0x1_0000_0000));
}

/** What an envelope holds, without opening the rest; 0 for what is none. */
export const kindOf = (envelope: Bytes): number => envelope[1] ?? 0;

/** Log time of an envelope, without opening the rest. */
export function stampOf(envelope: Bytes): number {
  if (envelope.length < AT_OFFSET + 8) return 0;
  return u32At(envelope, AT_OFFSET) + u32At(envelope, AT_OFFSET + 4) * 0x1_0000_0000;
}

export function encodeBundle(envelopes: readonly Bytes[]): Bytes {
  const w = new Writer(envelopes.reduce((sum, part) => sum + part.length + 4, 4)).u32(
    envelopes.length,
  );
  for (const envelope of envelopes) w.bytes(envelope);
  return w.take();
}

export const decodeBundle = (body: Bytes): readonly Envelope[] | Malformed =>
  decoded(() => {
    const r = new Reader(body);
    const count = r.u32();
    if (count > BUNDLE_MAX) throw new Malformed(`a bundle of ${count}`);
    const envelopes = Array.from({ length: count }, () => readEnvelope(r.bytes()));
    r.end();
    return envelopes;
  });

function id63(r: Reader): bigint {
  const id = r.u64();
  if (id >= 1n << 63n) throw new Malformed("an id has 63 bits");
  return id;
}
