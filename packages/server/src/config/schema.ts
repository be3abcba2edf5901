import { z } from "zod";
import { SETTING_NAMES, type Setting, type SettingName, settingOf } from "./settings.ts";

/** A value of one setting: a flag's boolean, an integer, or a text in the setting's form. */
export type SettingValue = string | number | boolean;

/** Settings that somebody gave, checked one by one. */
export type Given = { readonly [K in SettingName]?: SettingValue };

/** `quorate.json`: every key optional, none unknown. `$schema` is for editors. */
export const FILE_SCHEMA: z.ZodType<Given> = z.strictObject({
  ...Object.fromEntries(SETTING_NAMES.map((name) => [name, schemaOf(settingOf(name)).optional()])),
  $schema: z.string().optional(),
}) as unknown as z.ZodType<Given>;

/** What editors check `quorate.json` by. */
export function jsonSchema(): object {
  return {
    title: "quorate.json: the settings of a Quorate node",
    ...z.toJSONSchema(FILE_SCHEMA, { io: "input" }),
  };
}

/** The value of one setting from a text, as flags and environment give it. Throws as `checkedValue` does. */
export function valueOfText(name: SettingName, text: string): SettingValue {
  const { kind } = settingOf(name);
  if (kind.type === "flag") return checkedValue(name, BOOLEANS[text] ?? text);
  if (kind.type === "integer") return checkedValue(name, /^\d+$/.test(text) ? Number(text) : text);
  return checkedValue(name, text);
}

/** The value if the setting allows it. Throws a `RangeError` that says why not and what was found; the caller says where. */
export function checkedValue(name: SettingName, value: unknown): SettingValue {
  const parsed = schemaOf(settingOf(name)).safeParse(value);
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues.map(({ message }) => message).join("; ");
  const found = JSON.stringify(value);
  const told = typeof value === "string" && why.includes(found);
  throw new RangeError(told ? why : `${why} (found ${found})`);
}

/** The schema of one setting, with its documentation and default. */
function schemaOf(setting: Setting): z.ZodType<SettingValue> {
  const described = plainSchemaOf(setting).describe(setting.means);
  return setting.default === null ? described : described.meta({ default: setting.default });
}

function plainSchemaOf({ kind }: Setting): z.ZodType<SettingValue> {
  switch (kind.type) {
    case "text":
      return z.string().min(1, "must not be empty");
    case "flag":
      return z.boolean("must be true or false");
    case "choice":
      return z.enum([...kind.of], `must be one of ${kind.of.join(", ")}`);
    case "integer": {
      const range = `must be an integer from ${kind.min} to ${kind.max}`;
      return z.int(range).min(kind.min, range).max(kind.max, range);
    }
    case "formed":
      return z.string().superRefine((text, context) => {
        try {
          kind.check(text);
        } catch (error) {
          context.addIssue({ code: "custom", message: String((error as Error).message) });
        }
      });
  }
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  "1": true,
  "0": false,
};
