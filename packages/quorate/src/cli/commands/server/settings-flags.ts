import { SETTING_NAMES, settingOf } from "@quorate/server";
import { type Command, Option } from "commander";

/** A flag for every setting. Its value is checked later, with those of file and environment. */
export function addSettings(command: Command): Command {
  command.option("--config <file>", "settings in JSON (default: quorate.json if there is one)");
  for (const name of SETTING_NAMES) {
    const { kind, means, default: value } = settingOf(name);
    const flags = kind.type === "flag" ? `--${name}` : `--${name} <value>`;
    const shown = value === null || value === false ? "" : ` (default: ${value})`;
    command.addOption(new Option(flags, `${means}${shown}`));
  }
  return command;
}

/** What was given of them, by the settings' own names. */
export function flagsOf(options: Readonly<Record<string, unknown>>): Record<string, string | true> {
  const given: Record<string, string | true> = {};
  for (const name of SETTING_NAMES) {
    const value = options[new Option(`--${name}`).attributeName()];
    if (value === true || typeof value === "string") given[name] = value;
  }
  return given;
}

export function configurationFileOf(
  options: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  const named = options["config"] ?? environment["QUORATE_CONFIG"];
  return typeof named === "string" && named !== "" ? named : null;
}
