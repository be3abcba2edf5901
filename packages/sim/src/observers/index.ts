export { GroupObserver } from "./group-observer.ts";
