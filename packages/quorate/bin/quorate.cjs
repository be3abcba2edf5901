#!/usr/bin/env node
// In the oldest syntax, on purpose: whatever Node runs this must be able to say that it is too old.
"use strict";
var parts = process.versions.node.split(".").map(Number);
if (parts[0] < 22 || (parts[0] === 22 && parts[1] < 12)) {
  console.error("quorate: Node >= 22.12 needed, found", process.versions.node);
  process.exitCode = 1;
} else {
  require("./run.cjs");
}
