export {
  BadConfiguration,
  CONFIGURATION_FILE,
  type Configuration,
  type Configured,
  configurationOf,
  configurationTable,
  explain,
  jsonSchema,
  nearest,
  readConfigurationFile,
  SETTING_NAMES,
  type Setting,
  type SettingName,
  serverOptions,
  settingNamed,
  settingOf,
} from "./config/index.ts";
export { GATEWAY_OPTIONS, type GatewayOptions } from "./gateway/index.ts";
export * as messages from "./gateway/messages/index.ts";
export { decode, encode, type MessageOf, type MessageType } from "./gateway/protobuf/index.ts";
export {
  type Caller,
  DirectoryInUse,
  DirectoryUnusable,
  JournalDamaged,
  type Log,
  type NodePort,
  silentLog,
  type WatchCaller,
} from "./host/index.ts";
export { DiskFull, JournalUnusable } from "./journal/index.ts";
export {
  AddressUnusable,
  type Founder,
  foundingOf,
  type RunningServer,
  type ServerOptions,
  StartRefused,
  startServer,
} from "./node/index.ts";
export { STARTUP_ERRORS } from "./startup-errors.ts";
export { CertificateUnusable, type TlsFiles } from "./tls/index.ts";
export { JoinFailed } from "./transport/index.ts";
