export { type Cost, measureCosts } from "./costs.ts";
export { runsPage } from "./diagrams.ts";
export { costsPage } from "./page.ts";
