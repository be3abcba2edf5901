/** What the shell learns: done; refused or failed; wrongly used; a write whose outcome nobody knows. */
export const Exit = { done: 0, failed: 1, usage: 2, unknown: 3 } as const;

export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** Ends the command with a sentence on stderr and an exit code. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly exit: ExitCode;

  constructor(exit: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
  }
}

export const usage = (message: string): CommandFailed => new CommandFailed(Exit.usage, message);
