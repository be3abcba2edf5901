import type { Case } from "../case.ts";

/** What a client meets that was given a password, or wants to set one. */
export const AUTH_CASES: readonly Case[] = [
  {
    name: "auth: a login where none is needed",
    async run(on) {
      await on.unary("Auth/Authenticate", { name: "root", password: "secret" });
      await on.ctl("--user", "root:secret", "get", "k");
    },
  },
  {
    name: "auth: users and roles",
    async run(on) {
      await on.unary("Auth/UserList", {});
      await on.unary("Auth/RoleList", {});
      await on.ctl("user", "get", "nobody");
    },
  },
];
