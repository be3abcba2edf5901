export { verdictOf, type WrongAnswer } from "./answers.ts";
export { type BankOptions, checkBank } from "./bank.ts";
export { checkComments } from "./comments.ts";
export { checkCounter } from "./counter.ts";
export { checkLongFork } from "./long-fork.ts";
export { checkSet } from "./set.ts";
export { checkSetFull } from "./set-full.ts";
