import { stat } from "node:fs/promises";
import type { Log } from "../host/index.ts";
import {
  type Audience,
  type Credentials,
  described,
  readCredentials,
  remarksOn,
  type TlsFiles,
} from "./credentials.ts";

/** What a port asks for its certificates: those of now, and to hear of others. */
export interface CertificateSource {
  /** For connections that begin now. */
  readonly current: Credentials;
  /** Gives what takes the listener away again. */
  onChange(listener: (credentials: Credentials) => void): () => void;
}

/** How often the files are looked at; a change is seen no later. */
const LOOK_MILLIS = 10_000;

/**
 * The certificates of one port, read again when their files change. New ones are taken whole or not at all: while one
 * file of a pair is new and the other is not, the old pair goes on, and the next look finds them both.
 */
export class Certificates implements CertificateSource {
  readonly #audience: Audience;
  readonly #files: TlsFiles;
  readonly #log: Log;
  readonly #listeners = new Set<(credentials: Credentials) => void>();
  #current: Credentials;
  /** Of the files as they were when they were read last, well or not. */
  #stamp: string;
  /** Why the files of now could not be taken: said once. Null where they were. */
  #complaint: string | null = null;
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  private constructor(
    audience: Audience,
    files: TlsFiles,
    log: Log,
    read: { readonly credentials: Credentials; readonly stamp: string },
  ) {
    this.#audience = audience;
    this.#files = files;
    this.#log = log;
    this.#current = read.credentials;
    this.#stamp = read.stamp;
  }

  /** Reads them and goes on looking until `close`. Throws `CertificateUnusable`; warns of ones that expired. */
  static async open(audience: Audience, files: TlsFiles, log: Log): Promise<Certificates> {
    // The stamp first: a file that changes while it is read is then read again.
    const stamp = await stampOf(files);
    const credentials = await readCredentials(audience, files);
    const opened = new Certificates(audience, files, log, { credentials, stamp });
    opened.#remark();
    opened.#timer = setInterval(() => void opened.look(), LOOK_MILLIS).unref();
    return opened;
  }

  get current(): Credentials {
    return this.#current;
  }

  onChange(listener: (credentials: Credentials) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the files of now have been taken, or found unusable. */
  look(): Promise<void> {
    return this.#queue(false);
  }

  /** As `look`, whatever the files' times say. */
  reload(): Promise<void> {
    return this.#queue(true);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #queue(always: boolean): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look(always));
    return this.#looking;
  }

  async #look(always: boolean): Promise<void> {
    const stamp = await stampOf(this.#files);
    // What could not be taken is tried again though nothing moved: a right given to a file leaves its times alone.
    if (!always && stamp === this.#stamp && this.#complaint === null) return;
    this.#stamp = stamp;
    let credentials: Credentials;
    try {
      credentials = await readCredentials(this.#audience, this.#files);
    } catch (error) {
      this.#complain((error as Error).message);
      return;
    }
    this.#complaint = null;
    if (isSame(credentials, this.#current)) return;
    this.#current = credentials;
    for (const listener of this.#listeners) listener(credentials);
    this.#log.info(
      { for: this.#audience, ...described(credentials) },
      "new certificates are in use",
    );
    this.#remark();
  }

  #complain(why: string): void {
    if (this.#complaint === why) return;
    this.#complaint = why;
    this.#log.error(
      { for: this.#audience, why },
      "new certificates cannot be used: the old ones stay in use",
    );
  }

  #remark(): void {
    for (const remark of remarksOn(this.#audience, this.#current, Date.now()))
      this.#log.warn({ for: this.#audience }, remark);
  }
}

const isSame = (a: Credentials, b: Credentials): boolean =>
  a.cert === b.cert && a.key === b.key && a.ca === b.ca;

/** Changes when a file does; a file that cannot be looked at has a stamp of its own. */
async function stampOf({ cert, key, ca }: TlsFiles): Promise<string> {
  const paths = ca === null ? [cert, key] : [cert, key, ca];
  const stamps = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
        () => "none",
      ),
    ),
  );
  return stamps.join(", ");
}
