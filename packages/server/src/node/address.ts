import { codeOf } from "../journal/index.ts";

/** A port cannot be listened on; the text names it and says what to do. */
export class AddressUnusable extends Error {
  override readonly name = "AddressUnusable";
}

/** Words the system's refusal of an address; other failures pass as they are. */
export async function listening<T>(
  which: "client" | "peer",
  address: string,
  opening: Promise<T>,
): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    const why = REASONS[codeOf(error) ?? ""];
    if (why === undefined) throw error;
    throw new AddressUnusable(
      `the ${which} port ${address} ${why}, or choose another with --listen-${which}-urls`,
      { cause: error },
    );
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another process: stop that one",
  EADDRNOTAVAIL: "is no address of this machine: correct it",
  EACCES: "may not be listened on by this user: use a port from 1024 upward",
  ENOTFOUND: "has a host name that cannot be resolved: correct it",
};
