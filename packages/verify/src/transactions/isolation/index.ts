export { checkIsolation } from "./check.ts";
export type { IsolationLevel } from "./level.ts";
