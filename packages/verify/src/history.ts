/** How a client's operation ended: `unknown` may have happened, and may yet happen, at any time after its call. */
export type OperationOutcome = "ok" | "failed" | "unknown";

/** What was done to one register. `null` is the value of a register that was never written, or was deleted. */
export type RegisterAction =
  | { readonly type: "read"; readonly value: string | null }
  | { readonly type: "write"; readonly value: string | null }
  /** Writes `to` if the value is `from`; `applied` says what the answer was, null where there was none. */
  | {
      readonly type: "cas";
      readonly from: string | null;
      readonly to: string | null;
      readonly applied: boolean | null;
    };

/** One operation of a client, from call to return; times are integers of one clock, in any unit. */
export interface RegisterOperation {
  readonly process: number;
  readonly key: string;
  readonly action: RegisterAction;
  readonly called: number;
  /** Of an unknown outcome the time does not matter: it stays open for ever. */
  readonly returned: number;
  readonly outcome: OperationOutcome;
}
