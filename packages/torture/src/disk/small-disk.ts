import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import type { Cleanup } from "../cleanup.ts";
import { failureOf, tool, toolNow } from "../command.ts";

const MIB = 2 ** 20;
/** Of each member's file system. The image is sparse: what nobody writes takes no room. */
const DISK_BYTES = 512 * MIB;

/** Why this process can give no member a disk of its own; null where it can. */
export function smallDisksMissing(directory: string): string | null {
  const probe = join(directory, `probe-${process.pid}`);
  const failure = failureOf(() => {
    lay(probe, 8 * MIB);
    toolNow("fsfreeze", "-f", probe);
    toolNow("fsfreeze", "-u", probe);
  });
  failureOf(() => toolNow("umount", probe));
  rmSync(probe, { recursive: true, force: true });
  rmSync(imageOf(probe), { force: true });
  return failure === null
    ? null
    : `file systems of their own need root and loop devices (${failure})`;
}

/** A file system of a member's own, in a file that stays: it can be filled and frozen without harm to anybody else. */
export class SmallDisk {
  readonly #mount: string;
  #frozen = false;

  constructor(mount: string, cleanup: Cleanup) {
    this.#mount = mount;
    cleanup.add(`file system ${mount}`, () => {
      this.#thawNow();
      toolNow("umount", "--lazy", mount);
    });
    lay(mount, DISK_BYTES);
  }

  /** Takes all room but so much. Resolves with what gives it back. */
  async fill(leaving: number): Promise<() => void> {
    const filler = join(this.#mount, "filler");
    const { bavail, bsize } = statfsSync(this.#mount);
    await tool("fallocate", ["-l", String(Math.max(bsize, bavail * bsize - leaving)), filler]);
    return () => rmSync(filler, { force: true });
  }

  /** Writes and syncs wait until it thaws. */
  async freeze(): Promise<void> {
    this.#frozen = true;
    await tool("fsfreeze", ["-f", this.#mount]);
  }

  async thaw(): Promise<void> {
    await tool("fsfreeze", ["-u", this.#mount]);
    this.#frozen = false;
  }

  #thawNow(): void {
    if (this.#frozen) failureOf(() => toolNow("fsfreeze", "-u", this.#mount));
    this.#frozen = false;
  }
}

const imageOf = (mount: string): string => `${mount}.img`;

function lay(mount: string, bytes: number): void {
  mkdirSync(mount, { recursive: true });
  const image = openSync(imageOf(mount), "w");
  ftruncateSync(image, bytes);
  closeSync(image);
  toolNow("mkfs.ext4", "-q", "-F", "-m", "0", imageOf(mount));
  toolNow("mount", "-o", "loop", imageOf(mount), mount);
}
