import { type RequestId, requestId } from "@quorate/kernel/core";
import { expect, test } from "vitest";
import { OVERLOADED, Refusals } from "../../src/host/refusals.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("refusals are told in a later turn, in order, and not to those who have withdrawn, be it while others are told", async () => {
  const refusals = new Refusals();
  const told: number[] = [];
  const ask = (id: number, then = (): void => {}): void =>
    refusals.add({
      id: requestId(id),
      caller: {
        onReply(told_: RequestId) {
          told.push(told_);
          then();
        },
        onReadable() {},
      },
      failure: OVERLOADED,
    });
  ask(1);
  refusals.withdraw(requestId(1));
  ask(2, () => {
    refusals.withdraw(requestId(4));
    ask(6);
  });
  for (const id of [3, 4, 5]) ask(id);
  refusals.withdraw(requestId(3));
  expect(told).toEqual([]);
  await turn();
  expect(told).toEqual([2, 5]);
  await turn();
  expect([told, refusals.count]).toEqual([[2, 5, 6], 6]);
});

test("a hundred thousand are withdrawn one by one, each without a look at the others", async () => {
  const refusals = new Refusals();
  const told: number[] = [];
  const watcher = {
    onWatching() {},
    onEvents() {},
    onWatchEnded: (id: RequestId) => void told.push(id),
  };
  for (let id = 1; id <= 100_000; id++)
    refusals.add({ id: requestId(id), watcher, failure: OVERLOADED });
  for (let id = 1; id < 100_000; id++) refusals.withdraw(requestId(id));
  await turn();
  expect(told).toEqual([100_000]);
});
