import type { StartId } from "../ids.ts";

/** Which request of which life of a holder: an answer to another one starts no lease, for nobody knows when that was sent. */
export interface RequestTag {
  readonly start: StartId;
  readonly serial: number;
}

/** What a holder tells the issuer. */
export type HolderMessage =
  | { readonly type: "Read"; readonly datum: string; readonly tag: RequestTag }
  /** What the recall meant is not cached here, nor will be. Echoes the issuer's life: to another one it says nothing. */
  | {
      readonly type: "RevokeAck";
      readonly datum: string;
      readonly recall: number;
      readonly issuer: StartId;
    };

/** What the issuer tells a holder. Versions of a datum count its writes; at 0 there was none, and its value is null. */
export type IssuerMessage<V> =
  | {
      readonly type: "Data";
      readonly datum: string;
      readonly tag: RequestTag;
      readonly version: number;
      readonly value: V | null;
      /** A duration, never a time. Null: the value may answer this read, and no other. */
      readonly leaseTicks: number | null;
    }
  | {
      readonly type: "Revoke";
      readonly datum: string;
      /** What is cached up to this version is to be dropped. */
      readonly version: number;
      /** Counts the recalls of this life of the issuer: an acknowledgement means what was granted before that one. */
      readonly recall: number;
      readonly issuer: StartId;
    };
