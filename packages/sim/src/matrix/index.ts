export { type Availability, availabilityOf } from "./availability.ts";
export { codeOf, FAMILIES, type Family } from "./family.ts";
export { jsonOf } from "./json.ts";
export { type Counts, contradictions, weakerThan } from "./lattice.ts";
export type { Cell, Column, Matrix, MatrixSetup } from "./matrix.ts";
export { measure } from "./measure.ts";
export { pageOf } from "./page.ts";
export { perform, type Result, type Task } from "./task.ts";
export { type RunVerdict, type RunVerdicts, verdictsOf } from "./verdicts.ts";
