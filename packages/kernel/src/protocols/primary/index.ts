export { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
export type { PrimaryMessage } from "./message.ts";
export { primary } from "./protocol.ts";
export {
  ALL_RULES,
  DEFAULT_SETTINGS,
  type PrimaryRules,
  type PrimarySettings,
} from "./settings.ts";
export { isPrimary, type PrimaryState, type Progress } from "./state.ts";
