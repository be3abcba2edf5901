/**
 * What a run leaves on the machine (processes, namespaces, mounts) and how each is taken away. Everything here is synchronous,
 * so that it also happens where the run is interrupted, or ends by an error nobody expected.
 */
export class Cleanup {
  readonly #undo: { readonly what: string; readonly undo: () => void }[] = [];
  readonly #atExit = (): void => void this.run();

  constructor() {
    process.once("exit", this.#atExit);
  }

  /** Taken away at the end, last first. */
  add(what: string, undo: () => void): void {
    this.#undo.push({ what, undo });
  }

  /** Takes all away; answers what could not be. Harmless when called again. */
  run(): readonly string[] {
    process.removeListener("exit", this.#atExit);
    const failed: string[] = [];
    for (let entry = this.#undo.pop(); entry !== undefined; entry = this.#undo.pop()) {
      try {
        entry.undo();
      } catch (error) {
        failed.push(`${entry.what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return failed;
  }
}
