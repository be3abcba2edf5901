import { BankWorkload } from "./bank.ts";
import { LeaseWorkload } from "./lease.ts";
import { ListAppendWorkload } from "./list-append.ts";
import { RegisterWorkload } from "./register.ts";
import { SetWorkload } from "./set.ts";
import { WatchWorkload } from "./watch.ts";
import type { Workload, WorkloadName } from "./workload.ts";

export { Client, type Ground } from "./client.ts";
export { Recorder } from "./recorder.ts";
export { type Judgement, WORKLOADS, type Workload, type WorkloadName } from "./workload.ts";

/** A new one of each kind, by name. */
export function workloadNamed(name: WorkloadName): Workload {
  switch (name) {
    case "register":
      return new RegisterWorkload();
    case "list-append":
      return new ListAppendWorkload();
    case "bank":
      return new BankWorkload();
    case "set":
      return new SetWorkload();
    case "watch":
      return new WatchWorkload();
    case "lease":
      return new LeaseWorkload();
  }
}
