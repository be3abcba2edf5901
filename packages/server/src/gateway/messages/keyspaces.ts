import { bool, message, nested, repeated, string, uint32, uint64 } from "../protobuf/index.ts";

export const KeyspaceMessage = message("quorate.Keyspace", {
  id: uint32(1),
  name: string(2),
  profile: string(3),
  /** Of its replicas; empty on a member that holds none. */
  replicas: repeated(uint64(4)),
  /** 0: none is known. */
  leader: uint64(5),
  /** 0: it has no port of its own. */
  port: uint32(6),
  /** host:port of each member that serves it on a port of its own. */
  endpoints: repeated(string(7)),
  /** Of its replicas, who holds all that was acknowledged; none where the leader is elected, who alone knows. */
  inStep: repeated(uint64(8)),
});

export const KeyspaceCreateRequest = message("quorate.KeyspaceCreateRequest", {
  name: string(1),
  profile: string(2),
  /** Each empty for what the profile has. */
  sync: string(3),
  reads: string(4),
  /** How many, or the members' names; none for all members. */
  replicas: repeated(string(5)),
  loss: string(6),
  prefer: string(7),
  /** Milliseconds between two questions of a secondary. */
  pull: string(8),
});
export const KeyspaceSetRequest = message("quorate.KeyspaceSetRequest", {
  name: string(1),
  sync: string(2),
  reads: string(3),
  replicas: repeated(string(4)),
  loss: string(5),
  /** A member's name, or `none`. */
  prefer: string(6),
  pull: string(7),
});
export const KeyspaceExposeRequest = message("quorate.KeyspaceExposeRequest", {
  name: string(1),
  /** 0 takes the port away. */
  port: uint32(2),
});
export const KeyspaceDropRequest = message("quorate.KeyspaceDropRequest", { name: string(1) });
export const KeyspaceListRequest = message("quorate.KeyspaceListRequest", {
  linearizable: bool(1),
});

/** What every method answers: the keyspaces as they are now. */
export const KeyspacesResponse = message("quorate.KeyspacesResponse", {
  keyspaces: repeated(nested(1, () => KeyspaceMessage)),
});
