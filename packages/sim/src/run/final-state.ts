import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdMachine } from "@quorate/kernel/etcd";
import {
  checkCounter,
  checkRegisterModel,
  type History,
  never,
  type Verdict,
} from "@quorate/verify";
import { readKvs } from "../workload/clients.ts";
import { valueInKvs, versionInKvs } from "../workload/etcd-responses.ts";
import type { World } from "../world/world.ts";
import { registersOf, sets } from "./registers.ts";

/** What one replica holds of one key. */
interface Stored {
  readonly key: string;
  readonly value: string | null;
  /** How often the key was written. */
  readonly version: number;
}

/** What one replica holds in the end. */
export interface FinalState {
  readonly node: string;
  readonly index: number;
  readonly hash: bigint;
  readonly stored: readonly Stored[];
}

/** What every member that runs holds of these keys now. */
export function finalStates(world: World, keys: readonly string[]): readonly FinalState[] {
  return world.members().flatMap(({ kernel, name }) => {
    const status = kernel?.groupOf(DEFAULT_KEYSPACE) ?? null;
    const view = status?.view ?? null;
    if (status === null || !(view instanceof EtcdMachine)) return [];
    const stored = keys.map((key): Stored => {
      const kvs = readKvs(view, key);
      if (kvs === null) return { key, value: null, version: 0 };
      return { key, value: valueInKvs(kvs), version: versionInKvs(kvs) };
    });
    return [{ node: name, index: status.appliedIndex, hash: view.hash(), stored }];
  });
}

/** Do all members that run stand at the same index? */
export function isLevel(world: World): boolean {
  const indexes = new Set<number>();
  for (const { kernel } of world.members()) {
    const status = kernel?.groupOf(DEFAULT_KEYSPACE) ?? null;
    if (status !== null) indexes.add(status.appliedIndex);
  }
  return indexes.size === 1;
}

/**
 * Replicas that stand at the same index have equal state (F10); when nothing is under way any more all of them stand there,
 * and hold what was written. Null where clients still write, and nothing can be said.
 */
export function divergence(
  states: readonly FinalState[],
  history: History,
  writing: boolean,
): readonly string[] | null {
  const found = differences(states);
  if (new Set(states.map(({ index }) => index)).size === 1)
    return [
      ...found,
      ...told(checkRegisterModel("convergence", readAtEnd(states, history), never)),
    ];
  if (writing) return found.length > 0 ? found : null;
  return [
    ...found,
    `at the end ${states.map(({ node, index }) => `${node} stands at ${index}`).join()}`,
  ];
}

function differences(states: readonly FinalState[]): readonly string[] {
  const first = new Map<number, FinalState>();
  return states.flatMap((state) => {
    const other = first.get(state.index);
    first.set(state.index, state);
    return other === undefined || other.hash === state.hash
      ? []
      : [`${other.node} and ${state.node} differ at index ${state.index}`];
  });
}

/** What was written, and then every key read at every replica. */
function readAtEnd(states: readonly FinalState[], history: History): History {
  const writes = registersOf(history).filter(({ f }) => f === "write");
  const at = endOf(writes);
  const reads = states.flatMap(({ stored }, replica) =>
    stored.map(({ key, value }) => ({
      ...finalRead(at),
      process: -1 - replica,
      key,
      output: value,
    })),
  );
  return [...writes, ...reads].map((operation, index) => ({ ...operation, index }));
}

/** The replica that is furthest has applied every acknowledged write, none twice, and none that was refused. */
export function losses(states: readonly FinalState[], history: History): readonly string[] {
  const furthest = states.reduce<FinalState | null>(
    (best, state) => (best === null || state.index > best.index ? state : best),
    null,
  );
  return (furthest?.stored ?? []).flatMap(({ key, version }) => {
    const writes = history.filter((operation) => operation.key === key && sets(operation));
    const adds = writes.map((write, index) => ({ ...write, f: "add", input: 1, index }));
    const read = { ...finalRead(endOf(writes)), index: adds.length, key, output: version };
    return told(checkCounter([...adds, read])).map((text) => `writes applied to ${key}: ${text}`);
  });
}

/** After all that has ended, and after all that was called. */
const endOf = (operations: History): number =>
  1 +
  operations.reduce(
    (end, { called, returned }) =>
      Math.max(end, called, Number.isFinite(returned) ? returned : called),
    0,
  );

const finalRead = (at: number) =>
  ({
    process: -1,
    f: "read",
    key: null,
    input: null,
    output: null,
    called: at,
    returned: at,
    outcome: "ok",
  }) as const;

function told(verdict: Verdict): readonly string[] {
  if (verdict.type === "ok") return [];
  if (verdict.type === "unknown") return [`no verdict: ${verdict.why}`];
  const { evidence, anomaly } = verdict;
  return [evidence.type === "answer" ? `${anomaly}: ${evidence.expected}` : anomaly];
}
