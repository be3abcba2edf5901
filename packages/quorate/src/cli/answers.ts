import { z } from "zod";

/**
 * What the JSON gateway answers, as far as the command reads it. Fields that are zero are absent there. 64-bit
 * integers are texts, bytes are base64.
 */
const integer = z
  .string()
  .regex(/^-?\d+$/)
  .default("0");
const bytes = z.string().default("");
const header = z
  .looseObject({ member_id: integer, revision: integer, raft_term: integer })
  .prefault({});

export const KeyValueAnswer = z.looseObject({
  key: bytes,
  value: bytes,
  create_revision: integer,
  mod_revision: integer,
  version: integer,
  lease: integer,
});
export type KeyValueAnswer = z.infer<typeof KeyValueAnswer>;

export const RangeAnswer = z.looseObject({
  header,
  kvs: z.array(KeyValueAnswer).default([]),
  more: z.boolean().default(false),
  count: integer,
});

export const PutAnswer = z.looseObject({ header, prev_kv: KeyValueAnswer.nullish() });

export const DeleteAnswer = z.looseObject({
  header,
  deleted: integer,
  prev_kvs: z.array(KeyValueAnswer).default([]),
});

export const TxnAnswer = z.looseObject({
  header,
  succeeded: z.boolean().default(false),
  responses: z
    .array(
      z.looseObject({
        response_range: RangeAnswer.optional(),
        response_put: PutAnswer.optional(),
        response_delete_range: DeleteAnswer.optional(),
      }),
    )
    .default([]),
});

export const WatchAnswer = z.looseObject({
  header,
  created: z.boolean().default(false),
  canceled: z.boolean().default(false),
  compact_revision: integer,
  cancel_reason: z.string().default(""),
  events: z
    .array(
      z.looseObject({
        type: z.enum(["PUT", "DELETE"]).default("PUT"),
        kv: KeyValueAnswer,
        prev_kv: KeyValueAnswer.nullish(),
      }),
    )
    .default([]),
});

/** A line of a stream: a result, or why it ended. */
export const StreamLine = z.union([
  z.looseObject({ result: z.unknown().refine((result) => result !== undefined) }),
  z.looseObject({ error: z.looseObject({ code: z.number().default(2), message: z.string() }) }),
]);

export const LeaseAnswer = z.looseObject({
  header,
  ID: integer,
  TTL: integer,
  grantedTTL: integer,
  keys: z.array(bytes).default([]),
});

export const LeasesAnswer = z.looseObject({
  header,
  leases: z.array(z.looseObject({ ID: integer })).default([]),
});

export const MemberAnswer = z.looseObject({
  ID: integer,
  name: z.string().default(""),
  peerURLs: z.array(z.string()).default([]),
  clientURLs: z.array(z.string()).default([]),
  isLearner: z.boolean().default(false),
});
export type MemberAnswer = z.infer<typeof MemberAnswer>;

export const MembersAnswer = z.looseObject({
  header,
  member: MemberAnswer.nullish(),
  members: z.array(MemberAnswer).default([]),
});

export const StatusAnswer = z.looseObject({
  header,
  version: z.string().default(""),
  dbSize: integer,
  leader: integer,
  raftIndex: integer,
  raftTerm: integer,
  raftAppliedIndex: integer,
  isLearner: z.boolean().default(false),
  errors: z.array(z.string()).default([]),
});

export const KeyspaceAnswer = z.looseObject({
  name: z.string().default(""),
  profile: z.string().default(""),
  replicas: z.array(integer).default([]),
  inStep: z.array(integer).default([]),
  leader: integer,
  port: z.number().default(0),
  endpoints: z.array(z.string()).default([]),
});
export type KeyspaceAnswer = z.infer<typeof KeyspaceAnswer>;

export const LostAnswer = z.looseObject({
  member: integer,
  files: z
    .array(
      z.looseObject({
        file: z.string().default(""),
        epoch: integer,
        from: integer,
        to: integer,
        bytes: integer,
      }),
    )
    .default([]),
});

export const KeyspacesAnswer = z.looseObject({ keyspaces: z.array(KeyspaceAnswer).default([]) });
