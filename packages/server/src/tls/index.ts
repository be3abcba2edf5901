export { type CertificateSource, Certificates } from "./certificates.ts";
export {
  CertificateUnusable,
  type Credentials,
  contextOf,
  isCertifiedFor,
  type TlsFiles,
} from "./credentials.ts";
