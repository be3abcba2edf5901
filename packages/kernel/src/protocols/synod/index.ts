export type { SynodMessage } from "./message.ts";
export { synod } from "./protocol.ts";
export { ALL_RULES, DEFAULT_SETTINGS, type Learning, type SynodSettings } from "./settings.ts";
export type { Proposer, SynodState } from "./state.ts";
