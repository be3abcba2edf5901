export type { Profile } from "./profile.ts";
export { PROFILES, profileNamed, promisedTo } from "./profiles.ts";
