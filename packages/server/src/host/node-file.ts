import { readFileSync } from "node:fs";
import { type ClusterId, clusterId, type NodeId, nodeId, utf8 } from "@quorate/kernel/core";
import { z } from "zod";
import { below, codeOf, type Files } from "../journal/index.ts";

/** What `node.json` says: whose data directory this is. Written once, at the node's first start. */
export interface NodeFile {
  readonly cluster: ClusterId;
  readonly node: NodeId;
  /** As it was called then, and is from then on. Earlier releases did not write it. */
  readonly name?: string;
  /** It has had a journal: one that is gone is lost, not new. */
  readonly begun?: boolean;
  /** When, in ISO 8601; for people. */
  readonly created: string;
}

export const NODE_FILE_FORMAT = 1;

/** The data directory cannot be used as it is; the text says why and what to do. */
export class DirectoryUnusable extends Error {
  override readonly name = "DirectoryUnusable";
}

/** Null if there is none: a data directory that was never used, or that `cluster join` is yet to fill. */
export function readNodeFile(dataDir: string): NodeFile | null {
  const file = below(dataDir, "node.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw new DirectoryUnusable(`${file} cannot be read`, { cause: error });
  }
  const parsed = SHAPE.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new DirectoryUnusable(
      `${file} is no node.json of this release: ${z.prettifyError(parsed.error)}`,
    );
  }
  const { cluster, node, name, begun, created } = parsed.data;
  const ids = { cluster: clusterId(BigInt(cluster)), node: nodeId(BigInt(node)) };
  const told = { ...(name !== undefined && { name }), ...(begun !== undefined && { begun }) };
  return { ...ids, ...told, created };
}

/** Durable when it resolves. Half-written it never has its name. */
export async function writeNodeFile(
  files: Files,
  dataDir: string,
  content: NodeFile,
): Promise<void> {
  const { cluster, node, name, begun, created } = content;
  const ids = { cluster: String(cluster), node: String(node) };
  // A field that is undefined is left out of JSON.
  const shape = { format: NODE_FILE_FORMAT, ...ids, name, begun, created };
  const growing = below(dataDir, "node.json.new");
  const file = await files.open(growing, "create");
  try {
    await file.write([utf8(`${JSON.stringify(shape, null, 2)}\n`)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(growing, below(dataDir, "node.json"));
  await files.syncDirectory(dataDir);
}

const ID = z
  .string()
  .regex(/^\d{1,19}$/)
  .refine((id) => BigInt(id) < 1n << 63n, "an id has 63 bits");
const SHAPE = z.strictObject({
  format: z.literal(NODE_FILE_FORMAT),
  cluster: ID,
  node: ID,
  name: z.string().optional(),
  begun: z.boolean().optional(),
  created: z.string(),
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
