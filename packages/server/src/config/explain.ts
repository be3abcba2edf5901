import { environmentName, SETTING_NAMES, type SettingName, settingOf } from "./settings.ts";

/** All that there is to know of one setting, for a terminal. */
export function explain(name: SettingName): string {
  const { means, whenHit, kind } = settingOf(name);
  const lines = [
    name,
    `  ${means}`,
    `  default      ${defaultText(name)}`,
    `  flag         --${name}${kind.type === "flag" ? "" : " VALUE"}`,
    `  environment  ${environmentName(name)}`,
  ];
  if (kind.type === "integer") lines.push(`  range        ${kind.min} to ${kind.max}`);
  if (kind.type === "choice") lines.push(`  one of       ${kind.of.join(", ")}`);
  if (whenHit !== "") lines.push(`  at its bound ${whenHit}`);
  return `${lines.join("\n")}\n`;
}

/** The one table of defaults, in Markdown: `docs/configuration.md` holds exactly this. */
export function configurationTable(): string {
  const rows = SETTING_NAMES.map((name) => {
    const { means, whenHit } = settingOf(name);
    return `| \`${name}\` | ${defaultText(name)} | ${means} | ${whenHit} |`;
  });
  return [
    "# Configuration",
    "",
    "A setting has one name: the key in `quorate.json`, the flag behind `--`, and in capitals with underscores",
    "behind `QUORATE_` the environment variable. A flag wins over the environment, that over the file, that over",
    "the default. `quorate config explain KEY` says the same of one setting. This file is printed by",
    "`quorate config table`.",
    "",
    "| setting | default | what it is | at its bound, or with a bad value |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function defaultText(name: SettingName): string {
  const { default: value, unit } = settingOf(name);
  if (value === null) return "—";
  if (unit === "bytes" && typeof value === "number") return bytesText(value);
  return unit === "" ? String(value) : `${value} ${unit}`;
}

function bytesText(bytes: number): string {
  const [size, unit] = bytes >= 2 ** 30 ? [2 ** 30, "GiB"] : [2 ** 20, "MiB"];
  return `${bytes / size} ${unit}`;
}
