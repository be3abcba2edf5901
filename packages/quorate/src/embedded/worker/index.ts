export { startInWorker } from "./start-in-worker.ts";
