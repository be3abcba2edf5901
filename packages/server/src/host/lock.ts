import { createHash } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

/** Another process, or another node of this one, holds the data directory. */
export class DirectoryInUse extends Error {
  override readonly name = "DirectoryInUse";
}

export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Makes this the only node on a data directory. Rejects with `DirectoryInUse`.
 *
 * Node has no file locks without native code, so what is held is a name in the operating system that dies with
 * the process: on Linux a socket in the abstract namespace, on Windows a named pipe, elsewhere a socket file
 * whose owner is asked whether it still lives. The name is that of the file `LOCK` (its device and inode), so
 * that no path, link or mount leads to a second one. `LOCK` itself only tells people who it was.
 *
 * Limit: containers that share a volume but not a network namespace do not see each other's names.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const file = path.join(directory, "LOCK");
  // Kept open: as long as it is, no other file gets its inode.
  const fd = fs.openSync(file, "a+", 0o600);
  const { dev, ino } = fs.fstatSync(fd, { bigint: true });
  const name = createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 32);
  let server: net.Server;
  try {
    server = await hold(`quorate-${name}`);
  } catch (error) {
    const holder = fs.readFileSync(file, "utf8").trim();
    fs.closeSync(fd);
    const who = holder === "" ? "another process" : holder;
    throw new DirectoryInUse(
      `${directory} is in use by ${who}: stop it, or choose another data directory`,
      { cause: error },
    );
  }
  fs.ftruncateSync(fd);
  fs.writeSync(fd, `process ${process.pid} on ${os.hostname()}\n`);
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => {
          fs.closeSync(fd);
          resolve();
        });
      }),
  };
}

async function hold(name: string): Promise<net.Server> {
  if (process.platform === "linux") return listen(`\0${name}`);
  if (process.platform === "win32") return listen(`\\\\.\\pipe\\${name}`);
  const socket = path.join(os.tmpdir(), `${name}.sock`);
  try {
    return await listen(socket);
  } catch (error) {
    if (await answers(socket)) throw error;
    fs.rmSync(socket, { force: true });
    return listen(socket);
  }
}

function listen(name: string): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(socket, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}
