import { readFileSync } from "node:fs";
import { z } from "zod";
import { nearest } from "./nearest.ts";
import { checkedValue, FILE_SCHEMA, type Given, type SettingValue, valueOfText } from "./schema.ts";
import {
  environmentName,
  isSettingName,
  SETTING_NAMES,
  type SettingName,
  settingOf,
} from "./settings.ts";

/** The settings cannot be used; the text names the setting, where it came from and what to do. */
export class BadConfiguration extends Error {
  override readonly name = "BadConfiguration";
}

export type Source = "flag" | "environment" | "file" | "default";

export interface Chosen {
  readonly value: SettingValue | null;
  readonly source: Source;
}

/** Every setting with its value and where that came from. */
export type Configuration = Readonly<Record<SettingName, Chosen>>;

/** Read from the working directory if no other file is named. */
export const CONFIGURATION_FILE = "quorate.json";

/** For variables that are the command's own, not a setting of the node. */
const OTHER_VARIABLES: readonly string[] = [
  "QUORATE_ENDPOINTS",
  "QUORATE_CONFIG",
  "QUORATE_CACERT",
  "QUORATE_CERT",
  "QUORATE_KEY",
  "QUORATE_INSECURE_SKIP_TLS_VERIFY",
];

/** Flag over environment over file over default. Throws `BadConfiguration`. */
export function configurationOf(
  flags: Readonly<Record<string, string | true>>,
  environment: Readonly<Record<string, string | undefined>>,
  file: Given,
): Configuration {
  const fromFlags = texts(Object.entries(flags), (name) => `--${name}`);
  const variables = Object.entries(environment).filter(
    ([name, text]) => name.startsWith("QUORATE_") && !OTHER_VARIABLES.includes(name) && text !== "",
  );
  const named = variables.map(([name, text]) => [settingOfVariable(name), text ?? ""] as const);
  const fromEnvironment = texts(named, environmentName);
  const chosen = SETTING_NAMES.map((name): [SettingName, Chosen] => {
    const flag = fromFlags[name];
    if (flag !== undefined) return [name, { value: flag, source: "flag" }];
    const variable = fromEnvironment[name];
    if (variable !== undefined) return [name, { value: variable, source: "environment" }];
    const written = file[name];
    if (written !== undefined) return [name, { value: written, source: "file" }];
    return [name, { value: settingOf(name).default, source: "default" }];
  });
  return Object.fromEntries(chosen) as Configuration;
}

/** Reads `quorate.json`, or the file named. A file that nobody named need not exist. Throws `BadConfiguration`. */
export function readConfigurationFile(path: string | null): Given {
  const file = path ?? CONFIGURATION_FILE;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (path === null && (error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new BadConfiguration(`${file} cannot be read: ${(error as Error).message}`);
  }
  return parseConfigurationFile(text, file);
}

/** `file` names the text in errors. */
export function parseConfigurationFile(text: string, file: string): Given {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadConfiguration(`${file} is no JSON: ${(error as Error).message}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [key, one] of Object.entries(value)) {
      if (key === "$schema") continue;
      if (!isSettingName(key)) throw unknown(`${file}: no setting is called ${key}`, key);
      checked(`${file}: ${key}`, () => checkedValue(key, one));
    }
  }
  const parsed = FILE_SCHEMA.safeParse(value);
  if (!parsed.success) throw new BadConfiguration(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Throws `BadConfiguration` for a name that is no setting, with the nearest one. */
export function settingNamed(name: string): SettingName {
  const bare = name.replace(/^--/, "");
  if (isSettingName(bare)) return bare;
  throw unknown(`no setting is called ${name}`, bare);
}

/** Texts that were given under the names that `wordOf` makes of the settings' own. */
function texts(
  entries: Iterable<readonly [name: string, text: string | true]>,
  wordOf: (name: string) => string,
): Given {
  const given: Partial<Record<SettingName, SettingValue>> = {};
  for (const [name, text] of entries) {
    if (!isSettingName(name)) throw unknown(`${wordOf(name)} is no setting`, name, wordOf);
    given[name] = checked(wordOf(name), () => valueOfText(name, text === true ? "true" : text));
  }
  return given;
}

function checked(where: string, check: () => SettingValue): SettingValue {
  try {
    return check();
  } catch (error) {
    if (error instanceof RangeError) throw new BadConfiguration(`${where}: ${error.message}`);
    throw error;
  }
}

function unknown(
  what: string,
  name: string,
  wordOf: (name: string) => string = (same) => same,
): BadConfiguration {
  const near = nearest(name, SETTING_NAMES);
  const advice =
    near === null ? "`quorate config show` lists all" : `did you mean ${wordOf(near)}?`;
  return new BadConfiguration(`${what}: ${advice}`);
}

const settingOfVariable = (name: string): string =>
  name.slice("QUORATE_".length).toLowerCase().replaceAll("_", "-");
