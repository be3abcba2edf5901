export { configurationTable, explain } from "./explain.ts";
export {
  BadConfiguration,
  type Chosen,
  CONFIGURATION_FILE,
  type Configuration,
  configurationOf,
  parseConfigurationFile,
  readConfigurationFile,
  type Source,
  settingNamed,
} from "./load.ts";
export { nearest } from "./nearest.ts";
export { type Given, jsonSchema, type SettingValue } from "./schema.ts";
export { type Configured, serverOptions } from "./server-options.ts";
export {
  environmentName,
  type Kind,
  SETTING_NAMES,
  type Setting,
  type SettingName,
  settingOf,
} from "./settings.ts";
