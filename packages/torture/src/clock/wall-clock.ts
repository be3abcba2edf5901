import { writeFileSync } from "node:fs";

/** What a Node process is given so that its wall clock can be set from outside, by this file. */
export function preloadOf(file: string): string {
  const name = import.meta.url.endsWith(".ts") ? "./preload.ts" : "./preload.js";
  const url = new URL(name, import.meta.url);
  url.searchParams.set("offset", file);
  return `--import=${url.href}`;
}

/** From now on, or as soon as the process looks. */
export function setWallClock(file: string, offsetMillis: number): void {
  writeFileSync(file, String(offsetMillis));
}

/** Whether what a process said shows that it looked. */
export const clockWasOff = (said: readonly string[], offsetMillis: number): boolean =>
  said.includes(`wall clock off by ${offsetMillis} ms`);
