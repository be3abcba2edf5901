export { Admission } from "./admission.ts";
export { type Applicant, Lane, type Waiting } from "./lane.ts";
export {
  ADMISSION_OPTIONS,
  type AdmissionOptions,
  LANES,
  type LaneName,
} from "./options.ts";
