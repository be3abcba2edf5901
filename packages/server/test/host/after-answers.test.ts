import { expect, it } from "vitest";
import { AfterAnswers } from "../../src/host/after-answers.ts";

it("within a turn tasks wait until its effects are performed; each runs once", async () => {
  const after = new AfterAnswers();
  const done: string[] = [];
  after.hold();
  after.add(() => done.push("a"));
  after.add(() => done.push("b"));
  await Promise.resolve();
  expect(done).toEqual([]);
  after.run();
  after.run();
  await Promise.resolve();
  expect(done).toEqual(["a", "b"]);
});

it("outside of a turn, and for what a task asks for, they run soon", async () => {
  const after = new AfterAnswers();
  const done: string[] = [];
  after.add(() => {
    done.push("a");
    after.add(() => done.push("b"));
  });
  expect(done).toEqual([]);
  await Promise.resolve();
  expect(done).toEqual(["a"]);
  await Promise.resolve();
  expect(done).toEqual(["a", "b"]);
});
