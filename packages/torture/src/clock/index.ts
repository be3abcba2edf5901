export { clockWasOff, preloadOf, setWallClock } from "./wall-clock.ts";
