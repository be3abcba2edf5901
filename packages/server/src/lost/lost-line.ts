import type { Bytes } from "@quorate/kernel/core";
import type { LostWrite } from "@quorate/kernel/replica";

/**
 * A command as people read it, by its kind: its name, and its request with keys and values in base64. Null: of another release, or no
 * command of the API.
 */
export type Describe = (
  kind: number,
  body: Bytes,
) => { readonly name: string; readonly request: unknown } | null;

/**
 * One line of JSON for one lost write, in the order of the log: where it stood, who asked for it, and what for. Ids have 63 bits and are
 * decimal strings. What cannot be read is there as it came, in base64.
 */
export function lostLine(write: LostWrite, describe: Describe): string {
  const { epoch, index, node, start, request, session, kind, body } = write;
  const known = describe(kind, body);
  const command =
    known === null
      ? { kind, body: Buffer.from(body).toString("base64") }
      : { kind: known.name, command: known.request };
  const named = session === null ? null : { id: String(session.id), sequence: session.sequence };
  const client = { node: String(node), start: String(start), request, session: named };
  return `${JSON.stringify({ epoch, index, ...client, ...command })}\n`;
}
