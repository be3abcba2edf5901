export { Namespaces, namespacesMissing } from "./namespaces.ts";
export {
  between,
  type Impairment,
  type Lift,
  type Link,
  type Network,
  towards,
} from "./network.ts";
export { Direction, Relay } from "./relay.ts";
export { Relays, relaysMissing } from "./relays.ts";
