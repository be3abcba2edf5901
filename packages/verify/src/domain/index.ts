export { checkFencing } from "./fencing.ts";
export { checkLeases } from "./leases.ts";
export { checkWatch } from "./watch.ts";
