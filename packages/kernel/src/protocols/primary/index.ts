export { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
export type { PrimaryMessage } from "./message.ts";
export { isPrimary, primary } from "./protocol.ts";
export {
  ALL_PRIMARY_RULES,
  DEFAULT_PRIMARY_SETTINGS,
  type PrimaryRules,
  type PrimarySettings,
} from "./settings.ts";
export type { PrimaryState, Progress } from "./state.ts";
