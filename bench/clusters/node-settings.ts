/** What `quorate-node.ts` is told, as JSON, in its one argument. Addresses are host:port. */
export interface NodeSettings {
  readonly name: string;
  readonly dataDir: string;
  readonly client: string;
  readonly peer: string;
  /** Where the others dial it. */
  readonly reached: string;
  readonly founders: readonly { readonly name: string; readonly address: string }[];
  /** For clients, who need no certificate, and for peers, who do. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } | null;
  /** Null for the default. */
  readonly checkpointBytes: number | null;
  /** Of the keyspace `default`; null for the default. */
  readonly profile: string | null;
}
