import { PROFILE_NAMES } from "@quorate/kernel/replica";

/** What is measured side by side: all profiles, and one with its choice of reads, since leases cost messages too. */
export const PROFILES: readonly string[] = [...PROFILE_NAMES, "primary-sync+reads=lease"];
