export { type Cost, measureCosts } from "./costs.ts";
export { costsPage } from "./page.ts";
