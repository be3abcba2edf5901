import {
  configurationOf,
  configurationTable,
  explain,
  jsonSchema,
  readConfigurationFile,
  SETTING_NAMES,
  serverOptions,
  settingNamed,
} from "@quorate/server";
import type { Command } from "commander";
import { ConfigShowOutput } from "../../outputs.ts";
import { described } from "../../session.ts";
import { type Terminal, table } from "../../terminal.ts";
import { expecting } from "./expected.ts";
import { addSettings, configurationFileOf, flagsOf } from "./settings-flags.ts";

export function configCommand(terminal: Terminal): Command {
  return described("config", "what a node would be started with", [
    "config show",
    "config explain election-timeout",
  ])
    .addCommand(show(terminal))
    .addCommand(explainCommand(terminal))
    .addCommand(
      printed(
        terminal,
        "schema",
        "the JSON Schema of quorate.json",
        () => `${JSON.stringify(jsonSchema(), null, 2)}\n`,
      ),
    )
    .addCommand(
      printed(terminal, "table", "the table of all settings, in Markdown", configurationTable),
    );
}

function show(terminal: Terminal): Command {
  const command = described("show", "every setting, its value and where that comes from", [
    "config show --config cluster/node1.json",
    "config show --election-timeout 2000 --json",
  ]).option("--json", "print JSON");
  return addSettings(command).action((options: Record<string, unknown>) =>
    expecting(() => showSettings(terminal, options)),
  );
}

function showSettings(terminal: Terminal, options: Record<string, unknown>): void {
  const file = readConfigurationFile(configurationFileOf(options, terminal.environment));
  const configuration = configurationOf(flagsOf(options), terminal.environment, file);
  serverOptions(configuration);
  if (options["json"] === true) {
    terminal.out(`${JSON.stringify(ConfigShowOutput.parse(configuration))}\n`);
    return;
  }
  const rows = SETTING_NAMES.map((name) => {
    const { value, source } = configuration[name];
    return [name, value === null ? "" : String(value), source];
  });
  terminal.out(table(["SETTING", "VALUE", "FROM"], rows));
}

function explainCommand(terminal: Terminal): Command {
  return described("explain", "all about one setting", ["config explain snapshot-count"])
    .argument("<setting>")
    .action((name: string) => expecting(() => terminal.out(explain(settingNamed(name)))));
}

function printed(
  terminal: Terminal,
  name: string,
  description: string,
  text: () => string,
): Command {
  return described(name, description, [`config ${name}`]).action(() => terminal.out(text()));
}
