import { DirectoryInUse, DirectoryUnusable, JournalDamaged } from "./host/index.ts";
import { DiskFull, JournalUnusable } from "./journal/index.ts";
import { AddressUnusable, StartRefused } from "./node/index.ts";
import { CertificateUnusable } from "./tls/index.ts";
import { JoinFailed } from "./transport/index.ts";

/** What `startServer` throws where something stands in its way that the operator can mend: the text is the whole story. */
export const STARTUP_ERRORS = [
  AddressUnusable,
  CertificateUnusable,
  DirectoryInUse,
  DirectoryUnusable,
  DiskFull,
  JoinFailed,
  JournalDamaged,
  JournalUnusable,
  StartRefused,
] as const;
