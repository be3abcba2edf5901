import type { Case } from "../case.ts";

export const ENDPOINT_CASES: readonly Case[] = [
  {
    name: "endpoints: health",
    async run(on) {
      await on.http("GET", "/health");
      await on.http("GET", "/health?serializable=true");
      await on.http("GET", "/health?exclude=NOSPACE");
      await on.http("POST", "/health");
      await on.http("HEAD", "/health");
    },
  },
  {
    name: "endpoints: version",
    async run(on) {
      await on.http("GET", "/version");
      await on.http("POST", "/version");
    },
  },
  {
    name: "endpoints: gRPC health",
    async run(on) {
      const empty = Uint8Array.from([0, 0, 0, 0, 0]);
      await on.rawCall("/grpc.health.v1.Health/Check", empty);
      await on.rawCall(
        "/grpc.health.v1.Health/Check",
        Uint8Array.from([0, 0, 0, 0, 3, 0x0a, 1, 0x78]),
      );
    },
  },
];
