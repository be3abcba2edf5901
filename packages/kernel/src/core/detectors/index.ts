export {
  type FixedTimeout,
  type FixedTimeoutSettings,
  fixedSuspectAt,
  fixedTimeout,
  onFixedBeat,
} from "./fixed-timeout.ts";
export { DEVIATE_ONE, PHI_MAX, PHI_ONE, phiOfDeviate } from "./normal-tail.ts";
export {
  DEFAULT_PHI_SETTINGS,
  onPhiBeat,
  type PhiAccrual,
  type PhiSettings,
  phiAccrual,
  phiAt,
  phiSuspectAt,
} from "./phi-accrual.ts";
