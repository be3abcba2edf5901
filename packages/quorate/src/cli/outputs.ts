import { z } from "zod";

/**
 * What `--json` prints, one schema per command. Numbers that may pass 2^53, ids above all, are decimal texts; so
 * are revisions, because they come from where all integers have 64 bits.
 */
const integer = z.string().regex(/^-?\d+$/);

export const KeyValueOutput = z.strictObject({
  key: z.string(),
  value: z.string(),
  /** `base64` for both where either is no valid UTF-8. */
  encoding: z.enum(["utf8", "base64"]),
  createRevision: integer,
  modRevision: integer,
  version: integer,
  lease: integer,
});
export type KeyValueOutput = z.infer<typeof KeyValueOutput>;

export const GetOutput = z.strictObject({
  revision: integer,
  count: integer,
  more: z.boolean(),
  keyValues: z.array(KeyValueOutput),
});

export const PutOutput = z.strictObject({ revision: integer, previous: KeyValueOutput.nullable() });

export const DelOutput = z.strictObject({
  revision: integer,
  deleted: integer,
  previous: z.array(KeyValueOutput),
});

export const TxnOutput = z.strictObject({
  revision: integer,
  succeeded: z.boolean(),
  responses: z.array(
    z.discriminatedUnion("type", [
      GetOutput.omit({ revision: true }).extend({ type: z.literal("get") }),
      PutOutput.omit({ revision: true }).extend({ type: z.literal("put") }),
      DelOutput.omit({ revision: true }).extend({ type: z.literal("del") }),
    ]),
  ),
});

/** One line per event. */
export const WatchOutput = z.strictObject({
  type: z.enum(["put", "delete"]),
  revision: integer,
  keyValue: KeyValueOutput,
  previous: KeyValueOutput.nullable(),
});

export const LeaseOutput = z.strictObject({ id: integer, ttlSeconds: integer });
export const LeaseRevokeOutput = z.strictObject({ id: integer, revoked: z.literal(true) });
export const LeaseTimeToLiveOutput = z.strictObject({
  id: integer,
  /** -1: there is no such lease. */
  ttlSeconds: integer,
  grantedSeconds: integer,
  keys: z.array(z.strictObject({ key: z.string(), encoding: z.enum(["utf8", "base64"]) })),
});
export const LeaseListOutput = z.strictObject({ leases: z.array(integer) });

export const MemberOutput = z.strictObject({
  id: integer,
  /** Empty until the member has started. */
  name: z.string(),
  peerUrls: z.array(z.string()),
  clientUrls: z.array(z.string()),
  learner: z.boolean(),
});
export const MembersOutput = z.strictObject({ members: z.array(MemberOutput) });

export const StatusOutput = z.strictObject({
  endpoints: z.array(
    z.strictObject({
      endpoint: z.string(),
      /** A linearizable read was confirmed there. */
      healthy: z.boolean(),
      member: integer.nullable(),
      name: z.string(),
      role: z.enum(["leader", "follower", "learner", "unreachable"]),
      leader: integer.nullable(),
      term: integer.nullable(),
      revision: integer.nullable(),
      committed: integer.nullable(),
      applied: integer.nullable(),
      bytes: integer.nullable(),
      errors: z.array(z.string()),
    }),
  ),
});

/** What was written, and what to start with it, word by word. */
export const CertOutput = z.strictObject({
  cert: z.string(),
  key: z.string(),
  flags: z.array(z.string()),
});

export const CertShowOutput = z.strictObject({
  certificates: z.array(
    z.strictObject({
      subject: z.string(),
      issuer: z.string(),
      serial: z.string(),
      /** `DNS:name` or `IP Address:address`. */
      hosts: z.array(z.string()),
      authority: z.boolean(),
      /** Extended usage: `server`, `client`, or an object identifier. */
      uses: z.array(z.string()),
      validFrom: z.iso.datetime(),
      validTo: z.iso.datetime(),
      fingerprint: z.string(),
    }),
  ),
});

export const ConfigShowOutput = z.record(
  z.string(),
  z.strictObject({
    value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
    source: z.enum(["flag", "environment", "file", "default"]),
  }),
);

export const KeyspaceOutput = z.strictObject({
  name: z.string(),
  profile: z.string(),
  /** Members, as the member that answered knows them; none where it holds no replica. */
  replicas: z.array(integer),
  leader: integer.nullable(),
  /** Who holds all that was acknowledged; null where the leader is elected, who alone knows. */
  inStep: z.array(integer).nullable(),
  /** The port of its own that was asked for. */
  port: z.number().nullable(),
  /** host:port of each member's. */
  endpoints: z.array(z.string()),
});
export type KeyspaceOutput = z.infer<typeof KeyspaceOutput>;

export const LostOutput = z.strictObject({
  name: z.string(),
  /** Who was asked. */
  member: integer,
  files: z.array(
    z.strictObject({
      /** Below its data directory. */
      file: z.string(),
      epoch: integer,
      from: integer,
      to: integer,
      bytes: integer,
    }),
  ),
});

export const KeyspacesOutput = z.strictObject({ keyspaces: z.array(KeyspaceOutput) });
