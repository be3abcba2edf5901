import fc from "fast-check";
import { expect, it } from "vitest";

/**
 * Two generals (Gray 1978; card 67): A and B take turns in sending k messages over a link that may lose any of them, each as an answer to
 * the one before; each decides by what it has received. A protocol is the two decisions.
 */
interface Generals {
  readonly k: number;
  /** Attacks, having received so many messages. */
  readonly a: (received: number) => boolean;
  readonly b: (received: number) => boolean;
}

/** What a general can see of a run, and what it does: nothing else reaches it. */
interface Run {
  readonly delivered: number;
  readonly seen: { readonly a: number; readonly b: number };
  readonly attacks: { readonly a: boolean; readonly b: boolean };
}

/** Messages 1, 3, 5… go from A to B, the others back. The first `delivered` arrive, the next one, if it was sent, is lost. */
function run({ a, b }: Generals, delivered: number): Run {
  const seen = { a: Math.floor(delivered / 2), b: Math.ceil(delivered / 2) };
  return { delivered, seen, attacks: { a: a(seen.a), b: b(seen.b) } };
}

const differ = ({ attacks }: Run): boolean => attacks.a !== attacks.b;

/** Who sent the last message of this run that arrived: it cannot tell this run from the one in which that was lost. */
const lastSender = (delivered: number): "a" | "b" => (delivered % 2 === 1 ? "a" : "b");

/** Two runs, the second without the last message of the first, of which one ends with one general attacking alone. */
function pairOf(generals: Generals): readonly [Run, Run] | null {
  for (let delivered = generals.k; delivered > 0; delivered--) {
    const pair = [run(generals, delivered), run(generals, delivered - 1)] as const;
    if (pair.some(differ)) return pair;
  }
  return null;
}

it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  "IM-2: of %i messages, the last sender cannot tell whether the last one arrived, whatever the two decide by",
  (k) => {
    for (let delivered = k; delivered > 0; delivered--) {
      const whole = run(handshake(k), delivered);
      const lost = run(handshake(k), delivered - 1);
      const sender = lastSender(delivered);
      expect(lost.seen[sender]).toBe(whole.seen[sender]);
      const receiver = sender === "a" ? "b" : "a";
      expect(lost.seen[receiver]).toBe(whole.seen[receiver] - 1);
    }
    const decisions = fc.tuple(
      fc.array(fc.boolean(), { minLength: k + 1, maxLength: k + 1 }),
      fc.array(fc.boolean(), { minLength: k + 1, maxLength: k + 1 }),
    );
    fc.assert(
      fc.property(decisions, ([a, b]) => {
        const generals: Generals = { k, a: (n) => a[n] ?? false, b: (n) => b[n] ?? false };
        const pair = pairOf(generals);
        if (pair === null) {
          // Nobody is ever alone. Then they do in every run what they do when nothing arrives: no message was needed.
          const none = run(generals, 0).attacks;
          for (let n = 1; n <= k; n++) expect(run(generals, n).attacks).toEqual(none);
          return;
        }
        const [whole, lost] = pair;
        const sender = lastSender(whole.delivered);
        expect(lost.attacks[sender], "it does the same in both").toBe(whole.attacks[sender]);
      }),
      { seed: k, numRuns: 200 },
    );
  },
);

/** The usual protocol: attack once all messages that are meant for one have come. */
const handshake = (k: number): Generals => ({
  k,
  a: (received) => received >= Math.floor(k / 2),
  b: (received) => received >= Math.ceil(k / 2),
});

it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  "IM-2: with the usual handshake of %i messages, losing the last leaves its sender attacking alone",
  (k) => {
    const lost = run(handshake(k), k - 1);
    const sender = lastSender(k);
    expect(lost.attacks[sender]).toBe(true);
    expect(lost.attacks[sender === "a" ? "b" : "a"]).toBe(false);
  },
);

it("IM-2: where the last message changes nothing, it was not needed, and the one before it is the last", () => {
  const generals = { ...handshake(4), k: 5 };
  expect(run(generals, 5).attacks).toEqual(run(generals, 4).attacks);
  expect(differ(run(generals, 3))).toBe(true);
});
