export { type Components, components } from "./components.ts";
export {
  at32,
  type Digraph,
  digraph,
  EdgeList,
  REALTIME,
  RW,
  SESSION,
  WITHIN,
  WR,
  WW,
} from "./digraph.ts";
export { Paths, shortCycle } from "./paths.ts";
export { addRealtime } from "./realtime.ts";
export { commitOf, split, startOf } from "./split.ts";
