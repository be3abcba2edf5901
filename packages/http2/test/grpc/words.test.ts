import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isGrpcContentType } from "../../src/protocol/grpc/request.ts";
import { statusOfHttp, statusOfReset } from "../../src/protocol/grpc/status.ts";
import {
  binaryField,
  binaryValues,
  Code,
  Deadlines,
  ErrorCode,
  formatTimeout,
  HeaderField,
  MessageReader,
  parseTimeout,
  percentDecode,
  percentEncode,
  type Timed,
} from "../../src/protocol/index.ts";

const seeded = { seed: 8, numRuns: 300 };

describe("grpc-timeout", () => {
  it("has at most eight digits and a unit", () => {
    const cases = {
      "1H": 3_600_000,
      "2M": 120_000,
      "3S": 3000,
      "4m": 4,
      "5u": 1,
      "1500u": 2,
      "6n": 1,
      "99999999H": 359_999_996_400_000,
    };
    for (const [text, ms] of Object.entries(cases)) expect(parseTimeout(text)).toBe(ms);
    for (const text of ["", "5", "m", "123456789m", "-1S", "1.5S", "1s", "1S ", "1 S"])
      expect(parseTimeout(text)).toBeNull();
  });

  it("never becomes shorter by being written, and hardly longer", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (ms) => {
        const read = parseTimeout(formatTimeout(ms)) ?? 0;
        const max = 99_999_999 * 3_600_000;
        expect(read).toBeGreaterThanOrEqual(Math.min(ms, max));
        expect(read).toBeLessThanOrEqual(Math.min(max, Math.max(ms * 1.01, ms + 1)));
      }),
      seeded,
    );
  });
});

const anyText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0x7f }),
      fc.integer({ min: 0x80, max: 0xd7ff }),
      fc.integer({ min: 0xe000, max: 0x10ffff }),
    ),
    { maxLength: 30 },
  )
  .map((points) => String.fromCodePoint(...points));

describe("grpc-message", () => {
  it("survives in any script, and is a valid field value", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const coded = percentEncode(text);
        expect(coded).toMatch(/^[ -~]*$/);
        expect(new HeaderField("grpc-message", coded).kind).toBe(0);
        expect(percentDecode(coded)).toBe(text);
      }),
      seeded,
    );
  });

  it("is read as it is where it holds no escape", () => {
    expect(percentDecode("100%")).toBe("100%");
    expect(percentDecode("%zz %4")).toBe("%zz %4");
    expect(percentDecode("%E2%82")).toBe("\ufffd");
  });
});

describe("-bin metadata", () => {
  it("survives, with padding and without, one value or several", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ maxLength: 50 }), (a, b) => {
        const field = binaryField("x-bin", a);
        expect(field.value).not.toContain("=");
        expect(binaryValues(field.value)).toEqual([a]);
        const padded = Buffer.from(b).toString("base64");
        expect(binaryValues(`${field.value}, ${padded}`)).toEqual([a, b]);
      }),
      seeded,
    );
  });

  it("is refused where it is no base64", () => {
    for (const text of ["a", "abcde", "a*b", "ab=c"]) expect(binaryValues(text)).toBeNull();
  });
});

it("content types: application/grpc with any subtype", () => {
  for (const type of ["application/grpc", "application/grpc+proto", "Application/GRPC;x=y"])
    expect(isGrpcContentType(type)).toBe(true);
  for (const type of [undefined, "", "application/json", "application/grpcx", "application/grp"])
    expect(isGrpcContentType(type)).toBe(false);
});

it("resets and HTTP statuses have the codes of the specification", () => {
  expect(statusOfReset(ErrorCode.RefusedStream).code).toBe(Code.Unavailable);
  expect(statusOfReset(ErrorCode.Cancel).code).toBe(Code.Canceled);
  expect(statusOfReset(ErrorCode.EnhanceYourCalm).code).toBe(Code.ResourceExhausted);
  expect(statusOfReset(ErrorCode.InadequateSecurity).code).toBe(Code.PermissionDenied);
  expect(statusOfReset(ErrorCode.NoError).code).toBe(Code.Internal);
  const byHttp = {
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    429: 14,
    502: 14,
    503: 14,
    504: 14,
    500: 2,
    418: 2,
  };
  for (const [http, code] of Object.entries(byHttp))
    expect(statusOfHttp(Number(http)).code).toBe(code);
});

describe("MessageReader", () => {
  const framed = (messages: readonly Uint8Array[]): Uint8Array =>
    new Uint8Array(
      Buffer.concat(
        messages.flatMap((m) => [Buffer.from([0, 0, 0, m.length >>> 8, m.length & 255]), m]),
      ),
    );

  it("finds the same messages however the bytes are cut", () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        messages,
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
        (sent, cuts) => {
          const reader = new MessageReader(1000);
          const bytes = framed(sent);
          const got: Uint8Array[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const to = at + (cuts[i % cuts.length] as number);
            reader.push(bytes.subarray(at, to));
            at = to;
            while (reader.next() === "Message") got.push(reader.message);
          }
          expect(got.map((m) => [...m])).toEqual(sent.map((m) => [...m]));
          expect(reader.left).toBe(0);
        },
      ),
      seeded,
    );
  });

  it("does not copy a message that lies in one chunk", () => {
    const reader = new MessageReader(1000);
    const bytes = framed([Uint8Array.of(1, 2, 3)]);
    reader.push(bytes);
    expect(reader.next()).toBe("Message");
    expect(reader.message.buffer).toBe(bytes.buffer);
  });

  it("refuses a length above the bound before the message is there", () => {
    const reader = new MessageReader(10);
    reader.push(Uint8Array.of(0, 0, 0, 0, 11));
    expect(reader.next()).toBe("TooLarge");
    expect(reader.length).toBe(11);
  });
});

describe("Deadlines", () => {
  class Due implements Timed {
    timedBefore: Timed | null = null;
    timedAfter: Timed | null = null;
    readonly deadline: number;
    at: number | null = null;
    readonly #clock: { now: number };

    constructor(deadline: number, clock: { now: number }) {
      this.deadline = deadline;
      this.#clock = clock;
    }

    onDeadline(): void {
      expect(this.at).toBeNull();
      this.at = this.#clock.now;
    }
  }

  it("tells each once, not before its time and at most a period and a step after, whatever the steps", () => {
    const step = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60_000 })),
        fc.array(step, { minLength: 1 }),
        (deadlines, steps) => {
          const clock = { now: 0 };
          const wheel = new Deadlines(0);
          const all = deadlines.map((deadline) => new Due(deadline, clock));
          for (const due of all) wheel.add(due);
          const removed = all[0];
          if (removed !== undefined) wheel.delete(removed);
          for (let i = 0; clock.now <= 70_000; i++) {
            const by = steps[i % steps.length] as number;
            clock.now += by;
            wheel.advance(clock.now);
            for (const { at, deadline } of all.slice(1)) {
              if (at === null) expect(deadline).toBeGreaterThan(clock.now - by - 40);
              else expect(at).toBeGreaterThanOrEqual(deadline);
            }
          }
          expect(removed?.at ?? null).toBeNull();
          expect(wheel.size).toBe(0);
        },
      ),
      { seed: 9, numRuns: 40 },
    );
  });

  it("says when the first is added, and has no place for those that are never due", () => {
    let firsts = 0;
    const wheel = new Deadlines(0, () => firsts++);
    const clock = { now: 0 };
    const never = new Due(Number.POSITIVE_INFINITY, clock);
    wheel.add(never);
    expect([wheel.size, firsts]).toEqual([0, 0]);
    const due = new Due(5, clock);
    wheel.add(due);
    wheel.add(new Due(6, clock));
    expect([wheel.size, firsts]).toEqual([2, 1]);
    wheel.delete(due);
    wheel.delete(due);
    expect(wheel.size).toBe(1);
  });
});
