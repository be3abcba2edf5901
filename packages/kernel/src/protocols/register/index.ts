export {
  type Cell,
  type RegisterMessage,
  type RegisterSettings,
  type RegisterState,
  register,
  type Stamp,
} from "./register.ts";
