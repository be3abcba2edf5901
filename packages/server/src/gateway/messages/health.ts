import { enumeration, message, string } from "../protobuf/index.ts";

export const SERVING = 1;
export const SERVICE_UNKNOWN = 3;

export const HealthCheckRequest = message("grpc.health.v1.HealthCheckRequest", {
  service: string(1),
});

export const HealthCheckResponse = message("grpc.health.v1.HealthCheckResponse", {
  status: enumeration(1, ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]),
});
