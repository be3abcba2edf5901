export { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
export { updatePropagation } from "./invariants.ts";
export type { Chain, ChainMessage } from "./message.ts";
export { chain, isChain } from "./protocol.ts";
export {
  ALL_CHAIN_RULES,
  type ChainRules,
  type ChainSettings,
  DEFAULT_CHAIN_SETTINGS,
} from "./settings.ts";
export type { ChainState, Head, Known, Member, Progress } from "./state.ts";
