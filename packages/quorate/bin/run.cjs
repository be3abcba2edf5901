"use strict";
// Apart from quorate.cjs because an old Node could not even parse this.
import("../dist/cli/main.js")
  .then((cli) => cli.runProcess())
  .catch((error) => {
    console.error("quorate: this is a bug, please report it:", error);
    process.exitCode = 1;
  });
