import type { ApiPort } from "./api-port.ts";

/** A node that runs, here or in a worker, as the API needs it. */
export interface StartedNode {
  readonly port: ApiPort;
  readonly ready: Promise<void>;
  readonly clientAddress: string;
  readonly peerAddress: string;
  /** To call it again is harmless. */
  close(): Promise<void>;
}
