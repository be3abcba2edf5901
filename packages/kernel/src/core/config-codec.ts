import { Malformed, Reader, Writer } from "./bytes.ts";
import { type Bytes, type NodeId, nodeId } from "./ids.ts";
import type { GroupConfig } from "./seam.ts";

/** Members of one group, in any role; a decoder refuses more. */
const MEMBERS_MAX = 64;

export function writeConfig(writer: Writer, config: GroupConfig): Writer {
  writer.uint(config.epoch).u8(config.outgoing === null ? 0 : 1);
  for (const members of [config.voters, config.outgoing ?? [], config.learners]) {
    writer.u8(members.length);
    for (const member of members) writer.u64(member);
  }
  return writer;
}

export function readConfig(reader: Reader): GroupConfig {
  const epoch = reader.uint();
  const joint = reader.u8() === 1;
  const [voters, outgoing, learners] = [
    readMembers(reader),
    readMembers(reader),
    readMembers(reader),
  ];
  return { epoch, voters, outgoing: joint ? outgoing : null, learners };
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
