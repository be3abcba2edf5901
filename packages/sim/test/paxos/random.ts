import { drawBelow, type Random, requestId, seeded } from "@quorate/kernel/core";
import type { PaxosRules, PaxosSettings } from "@quorate/kernel/paxos";
import { idOf, type Name, PaxosCluster, put } from "@quorate/sim";

export interface RandomSetup {
  readonly seed: number;
  readonly replicas: number;
  readonly actions: number;
  readonly rules?: Partial<PaxosRules>;
  readonly settings?: Partial<PaxosSettings>;
  /** Disks may lose records, one at a time: the next only when all are whole. */
  readonly damage?: boolean;
  /** Leaders are asked for other voters; the first three are voters at the beginning. */
  readonly members?: boolean;
}

/** A schedule drawn from a seed: loss, duplication, reordering, disks that lag, crashes that lose what was not synced, restarts. */
export function randomSchedule(setup: RandomSetup): PaxosCluster {
  const { seed, replicas, actions, rules = {}, settings = {} } = setup;
  const voters: readonly Name[] = setup.members === true ? ["S1", "S2", "S3"] : [];
  const c = new PaxosCluster({
    replicas,
    rules,
    settings,
    seed: BigInt(seed),
    ...(voters.length > 0 && { voters }),
  });
  let random: Random = seeded(BigInt(seed) * 7919n);
  const below = (bound: number): number => {
    const [value, next] = drawBelow(random, bound);
    random = next;
    return value;
  };
  const anybody = (): Name => c.names[below(c.names.length)] as Name;
  let proposals = 0;
  for (let i = 0; i < actions && c.violations.length === 0; i++) {
    const what = below(100);
    if (setup.members === true && below(12) === 0)
      for (const leader of c.leaders())
        c.change(
          leader,
          c.names.filter(() => below(2) === 0),
        );
    if (what < 45) deliverOne(c, below);
    else if (what < 50) deliverOne(c, below, true);
    else if (what < 53) loseOne(c, below);
    else if (what < 63) {
      for (const leader of c.leaders())
        if (below(2) === 0) c.propose(leader, put("x", String(++proposals)));
    } else if (what < 80) passTime(c, below);
    else if (what < 84) c.net.deliver(() => true, 20);
    else if (what < 88) c.net.holdSync(idOf(anybody()));
    else if (what < 91) sync(c, anybody());
    else if (what < 94) crash(c, anybody());
    else if (what < 98) revive(c);
    else if (what < 99) handOver(c, anybody(), i);
    else if (setup.damage === true) damage(c, anybody(), below(4) + 1);
  }
  return c;
}

/** The network and all disks are good again: somebody comes to lead, and a command is chosen and known everywhere. */
export function heal(c: PaxosCluster): boolean {
  for (const name of c.names)
    if (c.net.isUp(idOf(name))) sync(c, name);
    else c.restart(name);
  c.net.run(25_000);
  const leader = c.leaders().find((name) => c.decidedOf(name) > 0);
  if (leader === undefined) return false;
  c.propose(leader, put("x", "last"));
  c.net.run(2000);
  const histories = c.names.map((name) => c.state(name).commitIndex);
  const known = c.entryAt(leader, histories[c.names.indexOf(leader)] ?? 0);
  const text = known === null ? "" : String.fromCharCode(...known.command);
  return text === "x=last" && histories.every((length) => length === histories[0]);
}

function deliverOne(c: PaxosCluster, below: (n: number) => number, again = false): void {
  const { flights } = c.net;
  const flight = flights[below(Math.max(1, flights.length))];
  if (flight === undefined) return;
  if (!again) c.net.lose((other) => other === flight);
  c.net.arrive(flight);
}

function loseOne(c: PaxosCluster, below: (n: number) => number): void {
  const { flights } = c.net;
  const flight = flights[below(Math.max(1, flights.length))];
  c.net.lose((other) => other === flight);
}

function passTime(c: PaxosCluster, below: (n: number) => number): void {
  c.net.pass(below(4) === 0 ? below(1200) : below(150));
  for (const name of c.names) {
    const id = idOf(name);
    const at = c.net.isUp(id) ? c.net.wakeAt(id) : null;
    if (at !== null && at <= c.net.now.ticks && below(3) > 0) c.net.wake(id);
  }
}

function sync(c: PaxosCluster, name: Name): void {
  if (c.net.isUp(idOf(name))) c.net.sync(idOf(name));
}

function crash(c: PaxosCluster, name: Name): void {
  if (c.net.isUp(idOf(name))) c.crash(name);
}

function revive(c: PaxosCluster): void {
  const down = c.names.find((name) => !c.net.isUp(idOf(name)));
  if (down !== undefined) c.restart(down);
}

function handOver(c: PaxosCluster, to: Name, i: number): void {
  const [leader] = c.leaders();
  const id = requestId(1_000_000 + i);
  if (leader !== undefined)
    c.net.input(idOf(leader), { type: "TransferLeadership", id, to: idOf(to) });
}

function damage(c: PaxosCluster, name: Name, lost: number): void {
  const whole = c.names.every((other) => c.net.isUp(idOf(other)) && !c.state(other).repairing);
  if (!whole) return;
  for (const other of c.names) c.net.sync(idOf(other));
  c.crash(name);
  c.repair(name, lost);
}
