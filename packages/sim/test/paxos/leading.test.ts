import { idOf, PaxosCluster, put } from "@quorate/sim";
import { expect, it } from "vitest";

it("a leader that was promised a ballot by a majority has commands chosen, and all learn them in order", () => {
  const c = new PaxosCluster({ replicas: 3, seed: 1n });
  c.elect("S1").reaches("S1");
  c.propose("S1", put("x", "a"), put("x", "b")).reaches("S1");
  c.propose("S1", put("x", "c")).reaches("S1");
  for (const name of c.names) expect(c.historyOf(name)).toEqual(["-", "x=a", "x=b", "x=c"]);
  expect(c.violations).toEqual([]);
});

it("left to themselves, members elect a leader, and go on when it dies", () => {
  const c = new PaxosCluster({ replicas: 3, seed: 2n });
  c.net.run(3000);
  const [first] = c.leaders();
  expect(c.leaders()).toHaveLength(1);
  if (first === undefined) return;
  c.propose(first, put("x", "a"));
  c.net.run(500);
  c.crash(first);
  c.net.run(5000);
  const [second] = c.leaders();
  expect(c.leaders()).toHaveLength(1);
  if (second === undefined) return;
  c.propose(second, put("x", "b"));
  c.restart(first);
  c.net.run(2000);
  const whole = c.historyOf(second);
  expect(whole.filter((text) => text !== "-")).toEqual(["x=a", "x=b"]);
  expect(c.decidedOf(first)).toBe(whole.length);
  expect(c.state(first).role).toMatchObject({ type: "Follower", leader: idOf(second) });
  expect(c.violations).toEqual([]);
});

it("an accept that was lost is sent again in time, though everything that was sent after it is answered", () => {
  const c = new PaxosCluster({ replicas: 3, settings: { retransmitTicks: 500 }, seed: 3n });
  c.elect("S1").reaches("S1");
  c.propose("S1", put("x", "lost"));
  c.net.lose(({ to, message }) => to === idOf("S3") && message.type === "Accept");
  for (let i = 0; i < 10; i++) {
    c.propose("S1", put("x", String(i)));
    c.net.deliver();
    c.net.pass(c.settings.heartbeatTicks).wake(idOf("S1"));
    c.net.deliver();
  }
  expect(c.historyOf("S3")).toEqual(c.historyOf("S1"));
  expect(c.historyOf("S3")).toHaveLength(12);
});
