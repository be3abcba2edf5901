export { CHECKPOINTS_KEPT, type CheckpointOptions, CheckpointStore } from "./store.ts";
