// Installs what is missing before anything else runs. Written in old syntax on purpose: the first
// run happens on whatever Node the machine has, and must be able to say so when that is too old.
"use strict";
var childProcess = require("node:child_process");
var fs = require("node:fs");
var path = require("node:path");

var root = path.join(__dirname, "..");
var wanted = path.join(root, "package-lock.json");
var installed = path.join(root, "node_modules", ".package-lock.json");

function modifiedAt(file) {
  try {
    return fs.statSync(file).mtimeMs;
  } catch (error) {
    if (error.code === "ENOENT") return 0;
    throw error;
  }
}

function fail(text) {
  console.error(text);
  process.exit(1);
}

// `install`, not `ci`: `ci` deletes the tree that may hold the Node this very process runs on.
function install() {
  var npm = process.env.npm_execpath;
  var command = npm ? process.execPath : "npm";
  var args = (npm ? [npm] : []).concat(["install", "--no-audit", "--no-fund", "--no-save"]);
  console.error("installing dependencies (once, until package-lock.json changes)");
  var run = childProcess.spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (run.status !== 0) fail("npm install failed; mend what it says above and run it again");
  var now = new Date();
  fs.utimesSync(installed, now, now);
}

// What runs next is `node` as npm scripts find it: ours from node_modules, or the machine's.
function checkNode() {
  var probe = childProcess.spawnSync("node", ["-p", "process.versions.node"], { encoding: "utf8" });
  var version = String(probe.stdout || process.versions.node).trim();
  var parts = version.split(".").map(Number);
  if (parts[0] > 22 || (parts[0] === 22 && parts[1] >= 12)) return;
  fail(["Node >= 22.12 needed, found ", version, ": no packaged Node fits this platform"].join(""));
}

if (modifiedAt(wanted) > modifiedAt(installed)) install();
checkNode();
