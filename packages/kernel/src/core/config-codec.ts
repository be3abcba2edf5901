import { PLACES } from "./acceptor.ts";
import { Malformed, Reader, Writer } from "./bytes.ts";
import { type Bytes, logIndex, type NodeId, nodeId } from "./ids.ts";
import type { GroupConfig, SlotConfig } from "./seam.ts";

/** Members of one group, in any role; a decoder refuses more. */
const MEMBERS_MAX = 64;
const JOINT = 1;
const SLOTS = 2;

export function writeConfig(writer: Writer, config: GroupConfig): Writer {
  const { slots } = config;
  const flags = (config.outgoing === null ? 0 : JOINT) | (slots === undefined ? 0 : SLOTS);
  writer.uint(config.epoch).u8(flags);
  for (const members of [config.voters, config.outgoing ?? [], config.learners]) {
    writer.u8(members.length);
    for (const member of members) writer.u64(member);
  }
  if (slots === undefined) return writer;
  writer.uint(slots.from).u16(slots.placesGiven);
  for (const place of slots.places) writer.u16(place);
  return writer;
}

export function readConfig(reader: Reader): GroupConfig {
  const epoch = reader.uint();
  const flags = reader.u8();
  if (flags > (JOINT | SLOTS)) throw new Malformed("no configuration of this release");
  const [voters, outgoing, learners] = [
    readMembers(reader),
    readMembers(reader),
    readMembers(reader),
  ];
  const config = { epoch, voters, outgoing: (flags & JOINT) === 0 ? null : outgoing, learners };
  return (flags & SLOTS) === 0
    ? config
    : { ...config, slots: readSlots(reader, voters, config.outgoing) };
}

/** A place for each voter, no two of them the same. */
function readSlots(
  reader: Reader,
  voters: readonly NodeId[],
  outgoing: readonly NodeId[] | null,
): SlotConfig {
  const [from, placesGiven] = [logIndex(reader.uint()), reader.u16()];
  const places = Array.from({ length: voters.length + (outgoing?.length ?? 0) }, () =>
    reader.u16(),
  );
  const sound = placesGiven <= PLACES && places.every((place) => place < placesGiven);
  if (!sound || new Set(places.slice(0, voters.length)).size < voters.length)
    throw new Malformed("places that nobody has");
  return { from, places, placesGiven };
}

export const encodeConfig = (config: GroupConfig): Bytes =>
  writeConfig(new Writer(64), config).take();
export const decodeConfig = (bytes: Bytes): GroupConfig => readConfig(new Reader(bytes));

function readMembers(reader: Reader): readonly NodeId[] {
  const count = reader.u8();
  if (count > MEMBERS_MAX) throw new Malformed(`${count} members`);
  const members: NodeId[] = [];
  for (let i = 0; i < count; i++) members.push(readNodeId(reader));
  return members;
}

export function readNodeId(reader: Reader): NodeId {
  const id = reader.u64();
  if (id >= 1n << 63n) throw new Malformed("an id has 63 bits");
  return nodeId(id);
}
