export type { Profile } from "./profile.ts";
export { PROFILES, profileNamed } from "./profiles.ts";
