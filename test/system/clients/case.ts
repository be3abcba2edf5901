import type { Subject } from "./subject.ts";

/** Something a client does, done alike to etcd and to Quorate. What each step is told is compared. */
export interface Case {
  /** Unique; the table of differences names it. */
  readonly name: string;
  /** Runs on an emptied store, one step after another; every step of `on` is compared. */
  run(on: Subject): Promise<void>;
}

/** What one step was told, under the name by which the table of differences knows it: its number, and what it does. */
export interface Told {
  readonly step: string;
  readonly answer: unknown;
}
