export type { Orders } from "./dependencies.ts";
export { type ElleLevel, isElleLevel } from "./level.ts";
export { checkListAppend } from "./list-append.ts";
export { checkRwRegister } from "./rw-register.ts";
