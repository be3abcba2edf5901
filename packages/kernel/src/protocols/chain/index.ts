export { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
export { updatePropagation } from "./invariants.ts";
export type { Chain, ChainMessage } from "./message.ts";
export { chain } from "./protocol.ts";
export {
  ALL_RULES,
  type ChainRules,
  type ChainSettings,
  DEFAULT_SETTINGS,
} from "./settings.ts";
export {
  type ChainState,
  type Head,
  isChain,
  type Known,
  type Member,
  type Progress,
} from "./state.ts";
