import { parentPort, workerData } from "node:worker_threads";
import { type NodeOptions, runNode } from "./run-node.ts";

/** What a worker runs: `startInWorker` starts it, and hands it the options. */
if (parentPort === null) throw new Error("this is started as a worker thread only");
await runNode(parentPort, workerData as NodeOptions);
