import type { ServerProcess } from "./server-process.ts";

export interface Member {
  readonly name: string;
  /** host:port of the client port. */
  readonly client: string;
  readonly peer: string;
  readonly process: ServerProcess;
}

/** Some members of one kind, running. */
export interface Cluster {
  readonly kind: "quorate" | "etcd";
  /** As they run now: a restarted member has another process. */
  readonly members: readonly Member[];
  readonly endpoints: readonly string[];
  /** Starts a member again that has ended, on the same directory and ports. */
  restart(index: number): void;
  /** Resolves when every member serves. */
  ready(): Promise<void>;
  /** Kills all and removes their data. */
  stop(): Promise<void>;
}

export async function stopAll(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(({ process }) => process.end("SIGKILL")));
}

/** What every member said, for the message of a test that fails. */
export const logsOf = (cluster: Cluster): string =>
  cluster.members.map(({ process }) => `--- ${process.name}\n${process.said}`).join("\n");

/** Stops what has begun where not all of it comes up. */
export async function startedOf(cluster: Cluster): Promise<Cluster> {
  try {
    await cluster.ready();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
