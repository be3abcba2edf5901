import { AuthenticateRequest, AuthStatusRequest, AuthStatusResponse } from "../messages/index.ts";
import { Refusal } from "./errors.ts";
import type { Service } from "./exchange.ts";

/**
 * What `etcdserverpb.Auth` answers while authentication is off: clients that were given a password ask for a token,
 * learn that none is needed, and go on without. Its other methods are not served.
 */
export const AUTH: readonly Service[] = [
  {
    name: "Authenticate",
    request: AuthenticateRequest,
    lane: "control",
    run: (exchange) => exchange.fail(Refusal.authNotEnabled),
  },
  {
    name: "AuthStatus",
    request: AuthStatusRequest,
    lane: "control",
    run(exchange) {
      const { headers } = exchange.context;
      const header = headers.value(exchange.keyspace, headers.currentRevision(exchange.keyspace));
      exchange.replyWith(AuthStatusResponse, { header, authRevision: FIRST_AUTH_REVISION });
    },
  },
];

const FIRST_AUTH_REVISION = 1n;
