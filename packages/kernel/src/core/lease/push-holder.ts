import type { NodeId } from "../ids.ts";
import type { Now } from "../seam.ts";
import type { PushLease, PushSettings } from "./push.ts";

/** Whoever holds offices by push leases (card 64). Nothing of it must survive a crash: the next push tells it again. */
export interface PushHolder {
  readonly self: NodeId;
  readonly settings: PushSettings;
  readonly leases: ReadonlyMap<string, PushLease>;
  /** This node's clock is out of its bound. */
  readonly fenced: boolean;
}

export const startPushHolder = (settings: PushSettings, self: NodeId): PushHolder => ({
  self,
  settings,
  leases: new Map(),
  fenced: false,
});

/** The clock port found this node's clock out of its bound, or back in it. */
export const fencePushHolder = (holder: PushHolder, fenced: boolean): PushHolder => ({
  ...holder,
  fenced,
});

/**
 * The generation under which this node holds the office now; null: it does not. To be asked before and after whatever the office allows,
 * with the clock read anew: a pause can lie between.
 */
export function generationHeld(holder: PushHolder, what: string, { wall }: Now): number | null {
  const { fence, bothEdges } = holder.settings.rules;
  const lease = holder.leases.get(what);
  if (lease === undefined || (holder.fenced && fence)) return null;
  return (bothEdges ? wall.latest : wall.earliest) < lease.end ? lease.generation : null;
}

/**
 * A push has come: for the third time, late, or before one that was sent earlier. What is known grows by (generation, end), or not at all.
 */
export function onPush(holder: PushHolder, now: Now, lease: PushLease): PushHolder {
  const { self, settings, leases, fenced } = holder;
  if (lease.holder !== self || (fenced && settings.rules.fence)) return holder;
  if (now.wall.latest >= lease.end) return holder;
  const known = leases.get(lease.what);
  if (known !== undefined && !isNewer(lease, known)) return holder;
  const kept = known === undefined ? withoutEnded(holder, now) : leases;
  if (known === undefined && kept.size >= settings.officesMax) return holder;
  return { ...holder, leases: new Map(kept).set(lease.what, lease) };
}

const isNewer = (lease: PushLease, known: PushLease): boolean =>
  lease.generation > known.generation ||
  (lease.generation === known.generation && lease.end > known.end);

/** Room for another office, where there is none: an ended lease of any generation can be forgotten, for the issuer repeats none. */
function withoutEnded({ leases, settings }: PushHolder, now: Now): ReadonlyMap<string, PushLease> {
  if (leases.size < settings.officesMax) return leases;
  return new Map([...leases].filter(([, { end }]) => now.wall.latest < end));
}
