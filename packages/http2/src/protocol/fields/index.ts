export { type FieldOptions, HeaderField } from "./field.ts";
export { HeaderList } from "./header-list.ts";
export {
  type MessageHead,
  type RequestHead,
  type ResponseHead,
  requestHead,
  responseHead,
  trailersViolation,
  type Violation,
} from "./message-head.ts";
