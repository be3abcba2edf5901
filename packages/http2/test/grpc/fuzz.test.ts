import fc from "fast-check";
import { expect, it } from "vitest";
import { CONNECTION_LIMITS, Code } from "../../src/protocol/index.ts";
import { Pair } from "./pair.ts";

const size: fc.Arbitrary<number> = fc.constantFrom(0, 1, 100, 5000, 16_379, 16_384, 70_000);
const sizes = fc.array(size, { maxLength: 12 });

it("every message of every call arrives once, whole and in order, with any windows and cuts", () => {
  const window: fc.Arbitrary<number> = fc.constantFrom(1, 1000, 65_535, 200_000);
  const cut: fc.Arbitrary<number> = fc.constantFrom(1, 7, 100, 20_000, 1_000_000);
  fc.assert(
    fc.property(
      fc.array(sizes, { minLength: 1, maxLength: 4 }),
      window,
      window,
      cut,
      (calls, there, back, step) => {
        const limits = { ...CONNECTION_LIMITS, smallFragments: { burst: 1e9, perSecond: 0 } };
        const rates = { windowUpdates: { burst: 1e9, perSecond: 0 } };
        const pair = new Pair(
          {
            connection: {
              limits: { ...limits, ...rates, streamWindowBytes: Math.max(there, 1000) },
            },
          },
          {
            connection: {
              limits: { ...limits, ...rates, streamWindowBytes: Math.max(back, 1000) },
            },
          },
        );
        const total = calls.flat().reduce((sum, each) => sum + each, 0);
        // Single bytes only where that does not take for ever.
        const by = total > 20_000 ? Math.max(step, 1000) : step;
        pair.cut = (bytes) =>
          Array.from({ length: Math.ceil(bytes.length / by) }, (_, i) =>
            bytes.subarray(i * by, (i + 1) * by),
          );
        const heard = calls.map((messages, n) => {
          const made = pair.call("Chat");
          for (const bytes of messages) made.call.write([new Uint8Array(bytes).fill(n + 1)]);
          made.call.halfClose();
          return made.heard;
        });
        pair.exchange();
        heard.forEach((each, n) => {
          expect(each.code).toBe(Code.OK);
          expect(each.bytes.map((bytes) => bytes.length)).toEqual(calls[n]);
          expect(each.bytes.every((bytes) => bytes.every((byte) => byte === n + 1))).toBe(true);
        });
        expect(pair.server.inbound.assembly.bytes + pair.client.inbound.assembly.bytes).toBe(0);
        expect(pair.server.connection.streams + pair.client.connection.streams).toBe(0);
      },
    ),
    { seed: 4, numRuns: 40 },
  );
});
