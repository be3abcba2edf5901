/** What a journal record is, in the byte beside its group. Numbers are on disk: append only. */
export const RecordKind = {
  /** The protocol's own record. */
  protocol: 1,
  /** The group began to exist on this node. */
  born: 2,
} as const;
