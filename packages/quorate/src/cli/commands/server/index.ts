export { configCommand } from "./config.ts";
export { startCommand } from "./start.ts";
