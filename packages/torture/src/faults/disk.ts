import { base64 } from "../cluster/index.ts";
import { damageJournal, PLACES, type SmallDisk } from "../disk/index.ts";
import { lasting } from "../wait.ts";
import { type Bite, type Field, type KindOf, memberOf, noBite } from "./fault.ts";

const MIB = 2 ** 20;
/** A frozen disk thaws in between, so that some syncs get through. */
const THAWED_MILLIS = 10;
/** What is asked while a disk is full, so that journals need room: enough for two segments. */
const PRESSURE_REQUESTS = 40;
const PRESSURE_LANES = 4;
const PRESSURE_BYTES = 256 * 1024;
const CALL_MILLIS = 3000;

const disksMissing = ({ disksMissing: why }: Field): string | null => why;

const diskOf = ({ disks }: Field, node: number): SmallDisk =>
  disks[node % disks.length] as SmallDisk;

const hangDisk: KindOf<"hangDisk"> = {
  family: "disk",
  lasts: [300, 6000],
  draw: (dice, { nodes }) => ({ type: "hangDisk", node: dice.below(nodes) }),
  missing: disksMissing,
  async strike(field, { node }, millis) {
    const disk = diskOf(field, node);
    await disk.freeze();
    await lasting(millis, field.until);
    await disk.thaw();
    return { times: 1, note: memberOf(field, node).name };
  },
};

const slowDisk: KindOf<"slowDisk"> = {
  family: "disk",
  lasts: [2000, 8000],
  draw: (dice, { nodes }) => ({
    type: "slowDisk",
    node: dice.below(nodes),
    frozenMillis: dice.pick([50, 150, 400]),
  }),
  missing: disksMissing,
  async strike(field, { node, frozenMillis }, millis) {
    const disk = diskOf(field, node);
    const end = performance.now() + millis;
    let times = 0;
    for (; performance.now() < end && !field.until.aborted; times++) {
      await disk.freeze();
      await lasting(frozenMillis, field.until);
      await disk.thaw();
      await lasting(THAWED_MILLIS, field.until);
    }
    return { times, note: memberOf(field, node).name };
  },
};

const fullDisk: KindOf<"fullDisk"> = {
  family: "disk",
  lasts: [5000, 9000],
  draw: (dice, { nodes }) => ({
    type: "fullDisk",
    node: dice.below(nodes),
    leaving: dice.pick([512 * 1024, 3 * MIB, 10 * MIB]),
  }),
  missing: disksMissing,
  async strike(field, { node, leaving }, millis) {
    const empty = await diskOf(field, node).fill(leaving);
    try {
      const [alarms] = await Promise.all([
        press(field, node, millis),
        lasting(millis, field.until),
      ]);
      return {
        times: alarms > 0 ? 1 : 0,
        note: `${memberOf(field, node).name}: alarm seen ${alarms} times`,
      };
    } finally {
      empty();
    }
  },
};

interface AlarmAnswer {
  readonly alarms?: readonly { readonly alarm?: string }[];
}

/** Makes the journals grow; counts how often this member said that it has no space. */
async function press(field: Field, node: number, millis: number): Promise<number> {
  const end = performance.now() + millis;
  const requests = Math.ceil(PRESSURE_REQUESTS / PRESSURE_LANES);
  const lanes = Array.from({ length: PRESSURE_LANES }, async (_, lane) => {
    let alarms = 0;
    for (let i = 0; i < requests && performance.now() < end && !field.until.aborted; i++) {
      const { cluster } = field;
      const endpoint = cluster.endpoints[(lane + i) % cluster.endpoints.length] ?? "";
      await cluster.api.call(endpoint, "/kv/txn", BALLAST, CALL_MILLIS);
      if (await hasAlarm(field, node)) alarms++;
      await lasting(millis / requests / 2, field.until);
    }
    return alarms;
  });
  return (await Promise.all(lanes)).reduce((sum, alarms) => sum + alarms, 0);
}

/** Is logged and changes nothing, because its condition never holds: the journal grows, the history of keys does not. */
const BALLAST = {
  compare: [{ target: "VERSION", key: base64("ballast"), version: "1" }],
  success: [{ request_put: { key: base64("ballast"), value: base64("x".repeat(PRESSURE_BYTES)) } }],
};

async function hasAlarm(field: Field, node: number): Promise<boolean> {
  const { client } = memberOf(field, node);
  const { api } = field.cluster;
  const answer = await api.call<AlarmAnswer>(client, "/maintenance/alarm", {}, CALL_MILLIS);
  if (answer.type !== "ok") return false;
  return answer.body.alarms?.some(({ alarm }) => alarm === "NOSPACE") ?? false;
}

const rotBit: KindOf<"rotBit"> = {
  family: "disk",
  lasts: [100, 2000],
  draw: (dice, { frail }) => ({ type: "rotBit", node: frail, place: dice.below(PLACES) }),
  missing: () => null,
  async strike(field, { node, place }, millis): Promise<Bite> {
    const member = memberOf(field, node);
    const release = member.claim();
    if (release === null) return noBite(`${member.name} had another fault`);
    try {
      if (!(await member.kill())) return noBite(`${member.name} was down`);
      const where = damageJournal(member.dataDir, place);
      await lasting(millis, field.until);
      member.boot();
      if (where === null) return noBite("no segment held enough");
      return { times: 1, note: `${member.name}: ${where}` };
    } finally {
      release();
    }
  },
};

export const DISK_FAULTS = { hangDisk, slowDisk, fullDisk, rotBit } as const;
