import { PROFILE_NAMES } from "@quorate/kernel/replica";

/**
 * What is measured side by side: all profiles, one with leases for its secondaries, which cost messages too, and one whose secondaries
 * ask.
 */
export const PROFILES: readonly string[] = [
  ...PROFILE_NAMES,
  "primary-sync+reads=lease",
  "primary-async+pull=100",
];
