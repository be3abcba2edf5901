export type { OperationOutcome, RegisterAction, RegisterOperation } from "./history.ts";
export { checkRegisters, type Verdict } from "./linearizable-registers.ts";
