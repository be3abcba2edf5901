import { BadConfiguration, STARTUP_ERRORS } from "@quorate/server";
import { CommandFailed, Exit } from "../../exit.ts";

/** What a file system refuses, by its code, and what to do about it. */
const REFUSED: Readonly<Record<string, string>> = {
  EACCES: "this user has no right to it: give it one, or choose another --data-dir",
  EPERM: "this user has no right to it: give it one, or choose another --data-dir",
  EROFS: "it lies on a file system that is read-only: choose another --data-dir",
  ENOSPC: "the disk is full: make room, or choose another --data-dir",
  EDQUOT: "this user's share of the disk is used up: make room, or choose another --data-dir",
  ENOTDIR: "it lies below a file: choose another --data-dir",
  EISDIR: "it is a directory where a file was wanted: choose another --data-dir",
  EEXIST: "it is a file: choose another --data-dir",
  EIO: "the disk fails: replace it, remove this member and join anew",
  EMFILE: "this process has too many open files: raise the limit (ulimit -n)",
};

/** Why a file could not be used, or null for another kind of error. */
function refusedBySystem(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || !("path" in error)) return null;
  const reason = REFUSED[String(error.code)];
  return reason === undefined ? null : `${String(error.path)} cannot be used: ${reason}`;
}

/** Runs what a command does, and turns what can be expected to go wrong into its end. */
export async function expecting(act: () => Promise<void> | void): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof BadConfiguration)
      throw new CommandFailed(Exit.usage, error.message, { cause: error });
    const mendable = STARTUP_ERRORS.some((known) => error instanceof known);
    if (mendable) throw new CommandFailed(Exit.failed, (error as Error).message, { cause: error });
    const refused = refusedBySystem(error);
    if (refused !== null) throw new CommandFailed(Exit.failed, refused, { cause: error });
    throw error;
  }
}
