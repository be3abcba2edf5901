import { Hash64 } from "../core/hash64.ts";
import { type NodeId, utf8, Writer } from "../core/index.ts";

/**
 * Which of these members answers the local reads of a session (C4, card 63): the one whose hash with the session is highest, so that a
 * member that goes away takes only its own sessions with it, and they spread over those that are left (Thaler and Ravishankar 1998). Null
 * for nobody.
 */
export function pinnedTo(session: string, members: readonly NodeId[]): NodeId | null {
  const hash = new Hash64();
  const name = utf8(session);
  let best: { readonly member: NodeId; readonly high: number; readonly low: number } | null = null;
  for (const member of members) {
    const bytes = new Writer(name.length + 8).u64(member).raw(name).take();
    hash.of(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
    const [high, low] = [hash.high >>> 0, hash.low >>> 0];
    if (best === null || high > best.high || (high === best.high && low > best.low))
      best = { member, high, low };
  }
  return best?.member ?? null;
}
