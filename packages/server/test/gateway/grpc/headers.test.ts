import fc from "fast-check";
import { expect, it } from "vitest";
import { isGrpcContentType, parseTimeout, percentEncode } from "../../../src/gateway/grpc/index.ts";

it.each([
  ["1S", 1000],
  ["250m", 250],
  ["2M", 120_000],
  ["1H", 3_600_000],
  ["1500u", 2],
  ["1n", 1],
  ["0m", 0],
  ["99999999H", 359_999_996_400_000],
  ["123456789m", null],
  ["-1S", null],
  ["1", null],
  ["S", null],
  ["1s", null],
  ["", null],
])("reads the timeout %j as %j milliseconds", (text, want) => {
  expect(parseTimeout(text)).toBe(want);
});

it.each([
  ["application/grpc", true],
  ["application/grpc+proto", true],
  ["application/grpc;charset=utf-8", true],
  ["Application/gRPC", true],
  ["application/grpc-web", false],
  ["application/json", false],
  [undefined, false],
])("takes content type %j for gRPC: %j", (value, want) => {
  expect(isGrpcContentType(value)).toBe(want);
});

it("encodes any message into printable ASCII that decodes to it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (message) => {
      const encoded = percentEncode(message);
      expect(encoded).toMatch(/^[ -~]*$/);
      expect(decodeURIComponent(encoded)).toBe(message);
    }),
    { seed: 20_260_803, numRuns: 500 },
  );
  expect(percentEncode("etcdserver: no leader")).toBe("etcdserver: no leader");
  expect(percentEncode("50% of é\n")).toBe("50%25 of %C3%A9%0A");
});
