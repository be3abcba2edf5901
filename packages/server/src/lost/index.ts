export { type LostFile, LostFiles } from "./lost-files.ts";
export type { Describe } from "./lost-line.ts";
