import { STARTUP_ERRORS } from "@quorate/server";

/** An error as it travels between threads: a copy by the runtime would lose its class and the system's code. */
export interface ErrorReport {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  /** As the system's errors have it. */
  readonly code: string | null;
  readonly cause: ErrorReport | null;
}

/** Causes of causes, at most. */
const CAUSES_MAX = 4;

export function reportOf(thrown: unknown, causes = CAUSES_MAX): ErrorReport {
  if (!(thrown instanceof Error)) {
    return { name: "Error", message: String(thrown), stack: null, code: null, cause: null };
  }
  const { name, message, stack = null, cause } = thrown;
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : null;
  const reported = cause === undefined || causes === 0 ? null : reportOf(cause, causes - 1);
  return { name, message, stack, code, cause: reported };
}

/** The same error again, of the class that bears its name. */
export function errorFrom({ name, message, stack, code, cause }: ErrorReport): Error {
  const error = new Error(message, cause === null ? {} : { cause: errorFrom(cause) });
  const prototype = CLASSES.find((known) => known.name === name)?.prototype;
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  // Where the prototype has the name already, the error has none of its own.
  Object.assign(error, error.name !== name && { name }, code !== null && { code });
  if (stack !== null) error.stack = stack;
  return error;
}

/** What a start is refused with; options that make no sense are the language's own errors. */
const CLASSES = [...STARTUP_ERRORS, RangeError, TypeError];
