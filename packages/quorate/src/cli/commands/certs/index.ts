export { certsCommand } from "./certs.ts";
