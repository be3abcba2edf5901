export { disagreement } from "./agreement.ts";
export { type Finding, judge, judgeFile } from "./judge.ts";
