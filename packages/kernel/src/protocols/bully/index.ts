export type { BullyMessage } from "./message.ts";
export { bully } from "./protocol.ts";
export { type BullySettings, DEFAULT_SETTINGS } from "./settings.ts";
export { awaitsAppointment, type BullyState, coordinatorOf, type Role } from "./state.ts";
