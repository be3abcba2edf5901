import {
  type Accepted,
  type Acceptor,
  type Bytes,
  Malformed,
  Reader,
  readBallot,
  Writer,
} from "../../core/index.ts";

/** The whole of what must survive: small, so every record holds all of it. */
export interface SynodRecord {
  readonly acceptor: Acceptor<Bytes>;
  readonly decided: Bytes | null;
  readonly repairing: boolean;
}

const VERSION = 1;
const ACCEPTED = 1;
const DECIDED = 2;
const REPAIRING = 4;

export function encodeRecord({ acceptor, decided, repairing }: SynodRecord): Bytes {
  const { promised, accepted } = acceptor;
  const flags =
    (accepted === null ? 0 : ACCEPTED) |
    (decided === null ? 0 : DECIDED) |
    (repairing ? REPAIRING : 0);
  const writer = new Writer().u8(VERSION).u8(flags).uint(promised);
  if (accepted !== null) writer.uint(accepted.ballot).bytes(accepted.value);
  if (decided !== null) writer.bytes(decided);
  return writer.take();
}

/** Throws `Malformed`; a record that passed its checksum and does not decode is damage. */
export function decodeRecord(bytes: Bytes): SynodRecord {
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) throw new Malformed("a record of another release");
  const flags = reader.u8();
  const promised = readBallot(reader);
  const accepted = (flags & ACCEPTED) === 0 ? null : readAccepted(reader);
  const decided = (flags & DECIDED) === 0 ? null : reader.bytes();
  reader.end();
  return { acceptor: { promised, accepted }, decided, repairing: (flags & REPAIRING) !== 0 };
}

const readAccepted = (reader: Reader): Accepted<Bytes> => ({
  ballot: readBallot(reader),
  value: reader.bytes(),
});
