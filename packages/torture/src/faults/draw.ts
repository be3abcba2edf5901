import type { Dice } from "../dice.ts";
import type { Episode, FaultType, Shape } from "./fault.ts";
import { kindOf } from "./kinds.ts";

/** The clients have the cluster for themselves so long, and again at the end. */
const CALM_MILLIS = 1000;
/** Between two faults of one family. */
const GAP_MILLIS = [800, 5000] as const;

/**
 * What goes wrong in a run. Families go on beside each other, so that a member may be killed while the network is cut; within one
 * family one fault follows another, and each type has its turn before any comes again. Equal dice draw equal episodes.
 */
export function drawEpisodes(
  dice: Dice,
  types: readonly FaultType[],
  shape: Shape,
  millis: number,
): readonly Episode[] {
  const families = [...new Set(types.map((type) => kindOf(type).family))].sort();
  const episodes = families.flatMap((family) => {
    const own = types.filter((type) => kindOf(type).family === family);
    return drawFamily(dice.fork(), own, shape, millis);
  });
  return episodes.sort((a, b) => a.at - b.at || (a.fault.type < b.fault.type ? -1 : 1));
}

function drawFamily(
  dice: Dice,
  types: readonly FaultType[],
  shape: Shape,
  millis: number,
): readonly Episode[] {
  const episodes: Episode[] = [];
  let turns: readonly FaultType[] = [];
  for (let at = CALM_MILLIS + dice.below(GAP_MILLIS[1]); at < millis - CALM_MILLIS; ) {
    if (turns.length === 0) turns = dice.shuffled([...types].sort());
    const [type, ...later] = turns;
    turns = later;
    if (type === undefined) break;
    const kind = kindOf(type);
    const fault = kind.draw(dice, shape);
    const lasts = Math.min(dice.between(...kind.lasts), millis - CALM_MILLIS - at);
    if (fault !== null) episodes.push({ at, millis: lasts, fault });
    // Also where nothing was drawn: types that such a cluster cannot have must not hold up the others for ever.
    at += (fault === null ? 1 : lasts) + dice.between(...GAP_MILLIS);
  }
  return episodes;
}
