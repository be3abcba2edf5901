/** Stands for any value, or for none, where one entry covers the rest of an answer. */
export const ANYTHING = "**";

/** A field in which Quorate answers otherwise than etcd 3.4.23, and why. */
export interface Difference {
  /** The case; `*` stands for any text, here and in `field`, and in texts among the values. */
  readonly case: string;
  /** Step and path, as `compare` finds them. */
  readonly field: string;
  /** Null where the field is absent. */
  readonly theirs: unknown;
  readonly ours: unknown;
  /** Where the reference of etcd's API speaks of it. */
  readonly section: string;
  readonly why: string;
}

const VERSION = "Quorate reports etcd 3.6, whose API it serves.";
const SORT = "etcd 3.6 checks the sort option; 3.4 takes any number.";
const NESTED =
  "etcd leaves the header of a nested answer empty; ours says the revision, as those of other answers in a transaction do.";
const GATEWAY_TEXT = "The words of the JSON parser are its own; status, code and shape are etcd's.";
const GATEWAY_36 =
  "The gateway of etcd 3.6 answers in JSON with the gRPC code; that of 3.4 in plain text.";
const PRECONDITION = "The gateway of etcd 3.6 gives 400 for FailedPrecondition, that of 3.4 412.";
const PROTO_TEXT = "The words of the protobuf decoder are its own; the code is etcd's.";
const BASE64 = "The gateway of etcd 3.6 takes base64 without padding, and the URL's alphabet.";
const ALARM_HEADER = "etcd 3.4 gives no header with a list of alarms; 3.6 does.";

const refusedHere = (
  name: string,
  step: string,
  error: string,
  section: string,
  why: string,
): readonly Difference[] => [
  { case: name, field: `${step}.code`, theirs: 0, ours: 3, section, why },
  { case: name, field: `${step}.error`, theirs: "", ours: error, section, why },
  { case: name, field: `${step}.message*`, theirs: ANYTHING, ours: null, section, why },
];

const gatewayTexts = (name: string, step: string, theirs: string, ours: string, why: string) =>
  ["error", "message"].map(
    (field): Difference => ({
      case: name,
      field: `${step}.body.${field}`,
      theirs,
      ours,
      section: "17.2",
      why,
    }),
  );

const NO_SNAPSHOT = "etcd's snapshot is a bbolt file, which Quorate does not have.";

const unserved = (field: string, theirs: unknown, ours: unknown): Difference => ({
  case: "auth: users and roles",
  field,
  theirs,
  ours,
  section: "13",
  why: "Users and roles are not served; a login is told that authentication is not enabled.",
});

const reset = (step: string, field: string, theirs: unknown, ours: unknown): Difference => ({
  case: "errors: headers of a call",
  field: `${step} /etcdserverpb.KV/Range.${field}`,
  theirs,
  ours,
  section: "1",
  why: "The gRPC library of etcd 3.6 says what is wrong with the headers; that of 3.4 resets the stream.",
});

const KEYS_TWICE = "etcdserver: duplicate key given in txn request";

/**
 * All differences between Quorate and Debian's etcd 3.4.23 that the battery can see. One that is not here fails the
 * battery; one that is here and no longer occurs fails it too. `docs/differences.md` is made from this list.
 */
export const DIFFERENCES: readonly Difference[] = [
  ...refusedHere(
    "range: what is refused",
    "3 KV/Range",
    "etcdserver: invalid sort option",
    "5.2",
    SORT,
  ),
  {
    case: "*",
    field: "*.response_txn.header",
    theirs: "{}",
    ours: null,
    section: "3.9",
    why: NESTED,
  },
  {
    case: "*",
    field: "*.response_txn.header.revision",
    theirs: null,
    ours: "r+*",
    section: "3.9",
    why: NESTED,
  },
  ...refusedHere(
    "txn: a key put, and deleted with all behind it",
    "1 KV/Txn",
    KEYS_TWICE,
    "7",
    "etcd reads the end `\\0` as a key when it looks for overlaps, and so misses this one.",
  ),
  ...refusedHere(
    "txn: a key put in one nested transaction, deleted in the next",
    "1 KV/Txn",
    KEYS_TWICE,
    "7",
    "etcd compares a nested transaction's deletes with the puts of earlier ones only one way round; the rule is the same in either order here.",
  ),
  ...(
    [
      ["watch_id", "-1"],
      ["canceled", true],
      ["cancel_reason", "etcdserver: mvcc: required revision has been compacted"],
    ] as const
  ).map(
    ([field, ours]): Difference => ({
      case: "watch: a negative revision",
      field: `1 Watch/Watch message.${field}`,
      theirs: null,
      ours,
      section: "9.1",
      why: "Refused since the late patches of etcd 3.4 and in 3.6; 3.4.23 takes it for now.",
    }),
  ),
  ...gatewayTexts(
    "json: enums by name and number, sorts",
    "6 POST /v3/kv/range",
    'unknown value "SIDEWAYS" for enum etcdserverpb.RangeRequest_SortOrder',
    'invalid value for enum field sort_order: "SIDEWAYS"',
    GATEWAY_TEXT,
  ),
  {
    case: "json: enums by name and number, sorts",
    field: "7 POST /v3/kv/range.status",
    theirs: 200,
    ours: 400,
    section: "5.2",
    why: SORT,
  },
  {
    case: "json: enums by name and number, sorts",
    field: "7 POST /v3/kv/range.body.*",
    theirs: ANYTHING,
    ours: ANYTHING,
    section: "5.2",
    why: SORT,
  },
  ...gatewayTexts(
    "json: 64-bit integers, quoted or not, at their ends",
    "* POST /v3/kv/range",
    "json: cannot unmarshal number * into Go value of type int64",
    "invalid value for int64 field revision: *",
    GATEWAY_TEXT,
  ),
  ...gatewayTexts(
    "json: 64-bit integers, quoted or not, at their ends",
    "9 POST /v3/kv/range",
    "invalid character 'i' in literal null (expecting 'u')",
    'invalid value for int64 field revision: "nine"',
    GATEWAY_TEXT,
  ),
  ...gatewayTexts(
    "json: 64-bit integers, quoted or not, at their ends",
    "11 POST /v3/kv/range",
    "json: cannot unmarshal number 1e3 into Go value of type int64",
    "etcdserver: mvcc: required revision is a future revision",
    "The gateway of etcd 3.6 takes an integer written with an exponent.",
  ),
  {
    case: "json: 64-bit integers, quoted or not, at their ends",
    field: "11 POST /v3/kv/range.body.code",
    theirs: 3,
    ours: 11,
    section: "17.2",
    why: "The gateway of etcd 3.6 takes an integer written with an exponent.",
  },
  ...["6 POST /v3/maintenance/transfer-leadership", "7 POST /v3/auth/authenticate"].map(
    (step): Difference => ({
      case: "json: errors with their codes and bodies",
      field: `${step}.status`,
      theirs: 412,
      ours: 400,
      section: "17.2",
      why: PRECONDITION,
    }),
  ),
  ...gatewayTexts(
    "json: bodies that are no requests",
    "* POST /v3/kv/range",
    "json: cannot unmarshal * into Go value of type map[string]json.RawMessage",
    "a JSON object is expected",
    GATEWAY_TEXT,
  ),
  ...gatewayTexts(
    "json: bodies that are no requests",
    "4 POST /v3/kv/range",
    "etcdserver: key is not provided",
    "a JSON object is expected",
    "The gateway of etcd 3.6 refuses `null` for a request.",
  ),
  ...gatewayTexts(
    "json: bodies that are no requests",
    "7 POST /v3/kv/range",
    "illegal base64 data at input byte 0",
    'invalid value for bytes field key: "*"',
    GATEWAY_TEXT,
  ),
  ...gatewayTexts(
    "json: bodies that are no requests",
    "8 POST /v3/kv/range",
    "json: cannot unmarshal number into Go value of type []uint8",
    "invalid value for bytes field key: 5",
    GATEWAY_TEXT,
  ),
  ...gatewayTexts(
    "json: bodies that are no requests",
    "10 POST /v3/kv/range",
    "json: cannot unmarshal string into Go value of type bool",
    'invalid value for bool field serializable: "yes"',
    GATEWAY_TEXT,
  ),
  ...["12", "13"].flatMap((step): readonly Difference[] => [
    {
      case: "json: bodies that are no requests",
      field: `${step} POST /v3/kv/range.status`,
      theirs: 400,
      ours: 200,
      section: "17.2",
      why: BASE64,
    },
    {
      case: "json: bodies that are no requests",
      field: `${step} POST /v3/kv/range.body.*`,
      theirs: ANYTHING,
      ours: ANYTHING,
      section: "17.2",
      why: BASE64,
    },
  ]),
  ...["1 GET /v3/kv/range", "2 PUT /v3/kv/put", "7 DELETE /v3/kv/range"].map(
    (step): Difference => ({
      case: "json: paths and methods that are not there",
      field: `${step}.status`,
      theirs: 405,
      ours: 501,
      section: "17.2",
      why: GATEWAY_36,
    }),
  ),
  {
    case: "json: paths and methods that are not there",
    field: "*.type",
    theirs: "text/plain; charset=utf-8",
    ours: "application/json",
    section: "17.2",
    why: GATEWAY_36,
  },
  {
    case: "json: paths and methods that are not there",
    field: "*.body*",
    theirs: ANYTHING,
    ours: ANYTHING,
    section: "17.2",
    why: GATEWAY_36,
  },
  ...["4 /nope", "5 /"].map(
    (step): Difference => ({
      case: "errors: methods and services that are not there",
      field: `${step}.code`,
      theirs: 8,
      ours: 12,
      section: "1",
      why: "The gRPC library of etcd 3.6 says Unimplemented of a path that names no method.",
    }),
  ),
  {
    case: "errors: bytes that are no message",
    field: "*.error",
    theirs: "grpc: error unmarshalling request: *",
    ours: "grpc: error unmarshalling request: *",
    section: "1",
    why: PROTO_TEXT,
  },
  {
    case: "errors: bytes that are no message",
    field: "13 KV/Range.code",
    theirs: 13,
    ours: 0,
    section: "1",
    why: "A known field with another wire type is skipped like an unknown one, as protobuf's rules say.",
  },
  {
    case: "errors: bytes that are no message",
    field: "13 KV/Range.error",
    theirs: "grpc: error unmarshalling request: *",
    ours: "",
    section: "1",
    why: "A known field with another wire type is skipped like an unknown one, as protobuf's rules say.",
  },
  {
    case: "errors: bytes that are no message",
    field: "13 KV/Range.message*",
    theirs: null,
    ours: ANYTHING,
    section: "1",
    why: "A known field with another wire type is skipped like an unknown one, as protobuf's rules say.",
  },
  ...["1", "4", "5"].map(
    (step): Difference => ({
      case: "errors: frames that hold no message",
      field: `${step} /etcdserverpb.KV/Range.code`,
      theirs: 2,
      ours: 13,
      section: "1",
      why: "The gRPC library of etcd 3.6 says Internal where that of 3.4 said Unknown.",
    }),
  ),
  {
    case: "errors: frames that hold no message",
    field: "1 /etcdserverpb.KV/Range.error",
    theirs: "EOF",
    ours: "a call of this method takes one message and got none",
    section: "1",
    why: "The words of the gRPC library are its own.",
  },
  ...(
    [
      ["code", 12, 13],
      [
        "error",
        'grpc: Decompressor is not installed for grpc-encoding "gzip"',
        "grpc: failed to decompress the message",
      ],
    ] as const
  ).map(
    ([field, theirs, ours]): Difference => ({
      case: "errors: frames that hold no message",
      field: `3 /etcdserverpb.KV/Range.${field}`,
      theirs,
      ours,
      section: "1",
      why: "gzip is taken, so what is none fails to decompress.",
    }),
  ),
  {
    case: "errors: frames that hold no message",
    field: "6 /etcdserverpb.KV/Range.error",
    theirs: "grpc: received unexpected payload format 2",
    ours: "grpc: compressed flag set with identity or empty encoding",
    section: "1",
    why: "The words of the gRPC library are its own.",
  },
  ...(
    [
      ["1", 3, 'invalid gRPC request content-type "text/plain"', 415, "text/plain; charset=utf-8"],
      ["3", 13, 'malformed grpc-timeout: "nonsense"', 400, "application/grpc"],
    ] as const
  ).flatMap(([step, code, error, http, contentType]) => [
    reset(step, "code", -1, code),
    reset(step, "error", "", error),
    reset(step, "http", 0, http),
    reset(step, "contentType", "", contentType),
  ]),
  {
    case: "errors: headers of a call",
    field: "2 /etcdserverpb.KV/Range.contentType",
    theirs: "application/grpc+proto",
    ours: "application/grpc",
    section: "1",
    why: "The answer's content type has no suffix, whatever the request's has.",
  },
  ...["1 Auth/UserList", "2 Auth/RoleList"].flatMap((step): readonly Difference[] => [
    unserved(`${step}.code`, 0, 12),
    unserved(`${step}.error`, "", "unknown method * for service etcdserverpb.Auth"),
    unserved(`${step}.message*`, ANYTHING, null),
  ]),
  unserved(
    "3 etcdctl user get nobody.error",
    "Error: etcdserver: user name not found\n",
    "Error: rpc error: code = Unimplemented desc = unknown method UserGet for service etcdserverpb.Auth\n",
  ),
  {
    case: "cluster: a snapshot",
    field: "1 Maintenance/Snapshot end.code",
    theirs: 0,
    ours: 12,
    section: "12",
    why: NO_SNAPSHOT,
  },
  {
    case: "cluster: a snapshot",
    field: "1 Maintenance/Snapshot end.error",
    theirs: "",
    ours: "quorate: Snapshot would have to send a bbolt file, *",
    section: "12",
    why: NO_SNAPSHOT,
  },
  {
    case: "endpoints: health",
    field: "*.body.reason",
    theirs: null,
    ours: "",
    section: "17.1",
    why: "etcd 3.6 says why, in a field of its own.",
  },
  {
    case: "endpoints: version",
    field: "1 GET /version.body.etcdserver",
    theirs: "3.4.23",
    ours: "3.6.14",
    section: "17.1",
    why: VERSION,
  },
  {
    case: "endpoints: version",
    field: "1 GET /version.body.etcdcluster",
    theirs: "3.4.0",
    ours: "3.6.0",
    section: "17.1",
    why: VERSION,
  },
  {
    case: "endpoints: version",
    field: "1 GET /version.body.storage",
    theirs: null,
    ours: "3.6.0",
    section: "17.1",
    why: VERSION,
  },
  {
    case: "cluster: status",
    field: "*.version",
    theirs: "3.4.23",
    ours: "3.6.14",
    section: "12",
    why: VERSION,
  },
  ...(
    [
      ["storageVersion", "3.6.0"],
      ["dbSizeQuota", "8589934592"],
      ["downgradeInfo", "{}"],
    ] as const
  ).map(
    ([field, ours]): Difference => ({
      case: "cluster: status",
      field: `3 POST /v3/maintenance/status.body.${field}`,
      theirs: null,
      ours,
      section: "12",
      why: VERSION,
    }),
  ),
  ...["3", "4"].flatMap((step): readonly Difference[] => [
    {
      case: "cluster: alarms",
      field: `${step} Maintenance/Alarm.message`,
      theirs: "{}",
      ours: null,
      section: "3.9",
      why: ALARM_HEADER,
    },
    {
      case: "cluster: alarms",
      field: `${step} Maintenance/Alarm.message.header.*`,
      theirs: null,
      ours: ANYTHING,
      section: "3.9",
      why: ALARM_HEADER,
    },
  ]),
];
