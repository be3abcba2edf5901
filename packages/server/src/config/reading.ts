import type { Configuration } from "./load.ts";
import type { SettingName } from "./settings.ts";

/** The values have been checked by the schema: these say of which type each is. */
export class Reading {
  readonly #configuration: Configuration;

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
  }

  text(name: SettingName): string {
    return String(this.#configuration[name].value);
  }

  optional(name: SettingName): string | null {
    const { value } = this.#configuration[name];
    return value === null ? null : String(value);
  }

  integer(name: SettingName): number {
    return Number(this.#configuration[name].value);
  }

  flag(name: SettingName): boolean {
    return this.#configuration[name].value === true;
  }
}
