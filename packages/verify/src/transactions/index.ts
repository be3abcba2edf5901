export {
  checkListAppend,
  checkRwRegister,
  type ElleLevel,
  isElleLevel,
  type Orders,
} from "./elle/index.ts";
export { checkIsolation, type IsolationLevel } from "./isolation/index.ts";
export type { Atom, Step, Transaction } from "./transaction.ts";
