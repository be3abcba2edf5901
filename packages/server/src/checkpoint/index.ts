export { type CheckpointOptions, CheckpointStore } from "./store.ts";
