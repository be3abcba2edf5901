import { type Bytes, drawBelow, Malformed, seeded } from "@quorate/kernel/core";
import { expect } from "vitest";
import type { Form } from "../forms.ts";
import type { Scenario } from "../scenario.ts";
import { Schedule } from "../schedule.ts";
import { isSame, type Wire } from "../wire.ts";

const ACTS = 300;
/** Of each type of message. */
const SAMPLES_MAX = 8;
const DAMAGES = 12;

export const WIRE: readonly Scenario[] = [
  {
    title: "every message that a group sends is read as it was written, from bytes of its own",
    needs: [],
    run: (form) => {
      const protocol = form.protocol();
      for (const { bytes } of captured(form)) {
        const message = protocol.decode(bytes);
        expect(message).not.toBeInstanceOf(Malformed);
        const again = protocol.encode(message);
        expect(isSame(again, bytes)).toBe(true);
        expect(protocol.decode(again)).toEqual(message);
        expect(again.buffer.byteLength).toBe(again.length);
      }
    },
  },
  {
    title: "bytes that were damaged, cut or lengthened are read or refused, and nothing is thrown",
    needs: [],
    run: (form) => {
      const protocol = form.protocol();
      let refused = 0;
      let read = 0;
      for (const [i, { bytes }] of captured(form).entries())
        for (const damaged of damages(bytes, BigInt(i))) {
          expect(typeof protocol.holdsEntries(damaged)).toBe("boolean");
          const message = protocol.decode(damaged);
          if (message instanceof Malformed) refused++;
          else {
            read++;
            // What is read can be said, and is read as the same: no two replicas take it for different things.
            const said = protocol.encode(message);
            const again = protocol.decode(said);
            expect(again).not.toBeInstanceOf(Malformed);
            expect(isSame(protocol.encode(again), said)).toBe(true);
          }
        }
      expect(refused).toBeGreaterThan(0);
      expect(read).toBeGreaterThan(0);
    },
  },
];

function captured(form: Form): readonly Wire[] {
  const counts = new Map<string, number>();
  const { messages } = new Schedule(form, "crashes", 3n).run(ACTS).group.audit;
  const sampled = messages.filter(({ type }) => {
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    return count <= SAMPLES_MAX;
  });
  expect(counts.size).toBeGreaterThan(1);
  return sampled;
}

/** All its beginnings that are short, one byte more, and some with a byte changed. */
function damages(bytes: Bytes, seed: bigint): readonly Bytes[] {
  const found: Bytes[] = [];
  let random = seeded(seed);
  const draw = (bound: number): number => {
    const [drawn, next] = drawBelow(random, bound);
    random = next;
    return drawn;
  };
  for (let length = 0; length < Math.min(bytes.length, DAMAGES); length++)
    found.push(bytes.slice(0, length));
  found.push(Uint8Array.of(...bytes, 0));
  for (let i = 0; i < DAMAGES; i++) {
    const changed = bytes.slice();
    changed[draw(bytes.length)] = draw(256);
    found.push(changed);
  }
  return found;
}
