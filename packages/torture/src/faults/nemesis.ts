import { lasting } from "../wait.ts";
import type { Bite, Episode, Field } from "./fault.ts";
import { kindOf } from "./kinds.ts";

/** An episode, and what it did. */
export interface Struck extends Episode {
  readonly bite: Bite;
}

/** Makes the episodes happen, each at its time. */
export class Nemesis {
  readonly #field: Field;
  readonly #tell: (line: string) => void;

  constructor(field: Field, tell: (line: string) => void) {
    this.#field = field;
    this.#tell = tell;
  }

  /** Resolves when the last has healed: after `field.until` at once. Rejects where a fault could not be made or healed. */
  run(episodes: readonly Episode[]): Promise<readonly Struck[]> {
    const began = performance.now();
    return Promise.all(
      episodes.map(async (episode): Promise<Struck> => {
        const { at, millis, fault } = episode;
        await lasting(at - (performance.now() - began), this.#field.until);
        if (this.#field.until.aborted)
          return { ...episode, bite: { times: 0, note: "not its turn" } };
        this.#tell(`${JSON.stringify(fault)} for ${millis} ms`);
        const bite = await kindOf(fault.type).strike(this.#field, fault, millis);
        return { ...episode, bite };
      }),
    );
  }
}
