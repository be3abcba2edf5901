import {
  AddressUnusable,
  BadConfiguration,
  DirectoryInUse,
  DirectoryUnusable,
  JoinFailed,
  JournalDamaged,
  JournalUnusable,
  StartRefused,
} from "@quorate/server";
import { CommandFailed, Exit } from "../../exit.ts";

/** Failures that are the operator's to mend: their text is the whole story. */
const MENDABLE = [
  AddressUnusable,
  DirectoryInUse,
  DirectoryUnusable,
  JoinFailed,
  JournalDamaged,
  JournalUnusable,
  StartRefused,
];

/** Runs what a command does, and turns what can be expected to go wrong into its end. */
export async function expecting(act: () => Promise<void> | void): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof BadConfiguration)
      throw new CommandFailed(Exit.usage, error.message, { cause: error });
    const mendable = MENDABLE.some((known) => error instanceof known);
    if (mendable) throw new CommandFailed(Exit.failed, (error as Error).message, { cause: error });
    throw error;
  }
}
