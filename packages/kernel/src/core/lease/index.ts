export { ALL_DATA, type DataRange, rangeOf } from "./data-range.ts";
export { type Drift, heldTicks, owedTicks } from "./drift.ts";
export {
  type HolderEffect,
  type HolderInput,
  type HolderStep,
  holderWakeAt,
  type LeaseHolder,
  startHolder,
  stepHolder,
} from "./holder.ts";
export {
  type IssuerEffect,
  type IssuerInput,
  type IssuerRecord,
  issuerRecords,
  issuerWakeAt,
  type LeaseIssuer,
  startIssuer,
  stepIssuer,
} from "./issuer.ts";
export type { HolderMessage, IssuerMessage, RequestTag } from "./message.ts";
export {
  ALL_PUSH_RULES,
  DEFAULT_PUSH_SETTINGS,
  type PushLease,
  type PushRules,
  type PushSettings,
} from "./push.ts";
export {
  fencePushHolder,
  generationHeld,
  onPush,
  type PushHolder,
  startPushHolder,
} from "./push-holder.ts";
export {
  type PushIssuer,
  type PushIssuerEffect,
  type PushIssuerInput,
  type PushIssuerStep,
  pushIssuerWakeAt,
  startPushIssuer,
  stepPushIssuer,
} from "./push-issuer.ts";
export { ALL_LEASE_RULES, type LeaseRules } from "./rules.ts";
export {
  DEFAULT_HOLDER_SETTINGS,
  DEFAULT_ISSUER_SETTINGS,
  type HolderSettings,
  type IssuerSettings,
  type LeaseTerms,
  type TableSettings,
} from "./settings.ts";
export { LeaseTable, type Recall } from "./table.ts";
