import { parentPort } from "node:worker_threads";
import { perform, type Task } from "@quorate/sim";

/** A thread of `npm run matrix`: a task comes in, its result goes out. */
parentPort?.on("message", (task: Task) => parentPort?.postMessage(perform(task)));
