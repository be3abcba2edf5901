import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { costsPage, measureCosts, runsPage } from "@quorate/sim";

/** `npm run costs`: counts what a write costs each protocol, draws how it runs, and writes both pages. */
const pages = join(import.meta.dirname, "../docs/protocols");
writeFileSync(join(pages, "costs.md"), costsPage(measureCosts([2, 4].map((others) => others + 1))));
writeFileSync(join(pages, "runs.md"), runsPage());
