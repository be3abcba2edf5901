import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { costsPage, measureCosts } from "@quorate/sim";

/** `npm run costs`: counts what a write costs each protocol, and writes the page. */
const page = join(import.meta.dirname, "../docs/protocols/costs.md");
writeFileSync(page, costsPage(measureCosts([2, 4].map((others) => others + 1))));
