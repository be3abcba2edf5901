import { type History, type Operation, type Value, wordOf } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { verdictOf, type WrongAnswer } from "./answers.ts";

export interface BankOptions {
  readonly negativeBalances: boolean;
  /** What all accounts hold together; null: what the first read says. */
  readonly total: number | null;
}

/**
 * Money moves between accounts, so that their sum stays; each read sees all accounts. The accounts are those of the first
 * read, and so is the sum unless it is given.
 */
export function checkBank(history: History, options: BankOptions): Verdict {
  const reads = history
    .filter(({ f, outcome }) => f === "read" && outcome === "ok")
    .sort((a, b) => a.returned - b.returned);
  const first = reads[0];
  if (first === undefined) return { type: "unknown", steps: 0, why: "the bank was never read" };
  if (typeof first.output !== "object" || Array.isArray(first.output))
    return { type: "unknown", steps: 0, why: `operation ${first.index} read no accounts` };
  const opening = accountsOf(first.output);
  const total = options.total ?? sum(Object.values(opening));
  const answers = reads.flatMap((read) => wrong(read, first, opening, total, options));
  return verdictOf(answers, reads.length);
}

type Accounts = { readonly [account: string]: Value };

function wrong(
  read: Operation,
  first: Operation,
  opening: Accounts,
  total: number,
  { negativeBalances }: BankOptions,
): readonly WrongAnswer[] {
  const accounts = accountsOf(read.output);
  const answer = (
    anomaly: string,
    expected: string,
    core = [read.index],
  ): readonly WrongAnswer[] => [{ anomaly, operation: read.index, expected, core }];
  const both = [first.index, read.index];
  const stranger = Object.keys(accounts).find((account) => !Object.hasOwn(opening, account));
  if (stranger !== undefined) return answer("unexpected-key", `no account ${stranger}`, both);
  const balances = Object.values(accounts);
  if (balances.some((balance) => balance === null)) {
    return answer("nil-balance", "a balance for each account");
  }
  const held = sum(balances);
  if (held !== total) return answer("wrong-total", `a total of ${total}, not ${held}`, both);
  const negative = balances.find((balance) => typeof balance === "number" && balance < 0);
  if (negativeBalances || negative === undefined) return [];
  return answer("negative-value", `no balance below 0, such as ${wordOf(negative)}`);
}

const accountsOf = (value: Value): Accounts =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Accounts) : {};

const sum = (values: readonly Value[]): number =>
  values.reduce<number>((held, value) => held + (typeof value === "number" ? value : 0), 0);
