import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * Which of these processes holds the connection between two ports of loopback, dialled from `port`; null where none does. What Linux
 * shows under /proc is the only thing that tells connections of different servers apart without speaking their protocols.
 */
export function dialerOf(
  port: number,
  relayPort: number,
  pids: readonly (number | null)[],
): number | null {
  const inode = inodeOf(port, relayPort);
  if (inode === null) return null;
  const link = `socket:[${inode}]`;
  const found = pids.findIndex((pid) => pid !== null && socketsOf(pid).includes(link));
  return found < 0 ? null : found;
}

/** /proc/net/tcp has a line for each end: here that of the dialer. */
function inodeOf(port: number, relayPort: number): string | null {
  for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1)) {
    const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
    if (portOf(local) === port && portOf(remote) === relayPort) return inode ?? null;
  }
  return null;
}

const portOf = (address = ""): number => Number.parseInt(address.split(":")[1] ?? "", 16);

function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

/** Files come and go while we look. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
