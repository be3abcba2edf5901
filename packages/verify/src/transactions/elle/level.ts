/**
 * Which anomalies rule out which consistency model: the lattice of `elle.consistency-model`, after Adya's thesis, Adya-Liskov-O'Neil,
 * Cerone-Bernardi-Gotsman, Bailis and Daudjee-Salem. An anomaly rules out every model that proscribes it, or that proscribes what
 * the anomaly implies, and every model stronger than such a one.
 */

/** The models, by the names that a caller may use; an alias stands for its canonical name. */
export type ElleLevel = keyof typeof canonical;

const canonical = {
  "PL-1": "PL-1",
  "PL-2": "PL-2",
  "PL-CS": "PL-CS",
  "PL-2L": "PL-2L",
  "PL-MSR": "PL-MSR",
  "PL-2+": "PL-2+",
  "PL-FCV": "PL-FCV",
  "PL-SI": "PL-SI",
  "PL-2.99": "PL-2.99",
  "PL-3U": "PL-3U",
  "PL-3": "PL-3",
  "PL-SS": "PL-SS",
  "read-uncommitted": "PL-1",
  "read-committed": "PL-2",
  "cursor-stability": "PL-CS",
  "monotonic-view": "PL-2L",
  "monotonic-snapshot-read": "PL-MSR",
  "monotonic-atomic-view": "monotonic-atomic-view",
  "consistent-view": "PL-2+",
  "forward-consistent-view": "PL-FCV",
  "read-atomic": "read-atomic",
  "update-atomic": "ROLA",
  ROLA: "ROLA",
  causal: "causal-cerone",
  "causal-cerone": "causal-cerone",
  prefix: "prefix",
  "parallel-snapshot-isolation": "parallel-snapshot-isolation",
  "snapshot-isolation": "PL-SI",
  "repeatable-read": "PL-2.99",
  "update-serializable": "PL-3U",
  "view-serializable": "view-serializable",
  "conflict-serializable": "PL-3",
  serializable: "PL-3",
  "strict-serializable": "PL-SS",
  "strong-serializable": "PL-SS",
  "strong-session-read-uncommitted": "strong-session-PL-1",
  "strong-session-read-committed": "strong-session-PL-2",
  "strong-session-snapshot-isolation": "strong-session-PL-SI",
  "strong-session-serializable": "strong-session-PL-3",
  "strong-session-PL-1": "strong-session-PL-1",
  "strong-session-PL-2": "strong-session-PL-2",
  "strong-read-uncommitted": "strong-PL-1",
  "strong-read-committed": "strong-PL-2",
  "strong-snapshot-isolation": "strong-PL-SI",
  "strong-PL-1": "strong-PL-1",
  "strong-PL-2": "strong-PL-2",
} as const;

type Model = (typeof canonical)[ElleLevel];

/** Is this the name of a consistency model, or an alias of one? */
export function isElleLevel(text: string): text is ElleLevel {
  return Object.hasOwn(canonical, text);
}

/** All anomalies whose presence rules the level out. */
export function proscribedBy(level: ElleLevel): ReadonlySet<string> {
  const wanted = new Set<string>();
  for (const model of closure<string>([canonical[level]], weaker)) {
    for (const anomaly of proscribed[model as Model] ?? []) wanted.add(anomaly);
  }
  return closure(wanted, impliedBy());
}

/** The anomaly and all that it implies. */
export function impliedAnomalies(anomaly: string): ReadonlySet<string> {
  return closure([anomaly], implied);
}

/** Does every history of `stronger` satisfy `weakerLevel` too? */
export function implies(stronger: ElleLevel, weakerLevel: ElleLevel): boolean {
  return closure<string>([canonical[stronger]], weaker).has(canonical[weakerLevel]);
}

/** A history of the one on the left is a history of all on the right. */
const weaker: Readonly<Record<string, readonly Model[]>> = {
  "PL-2": ["PL-1"],
  "PL-CS": ["PL-2"],
  "PL-2L": ["PL-2"],
  "PL-MSR": ["PL-2"],
  "monotonic-atomic-view": ["PL-2"],
  "PL-2+": ["PL-CS", "PL-2L"],
  "PL-FCV": ["PL-2+"],
  "read-atomic": ["monotonic-atomic-view"],
  ROLA: ["read-atomic"],
  "causal-cerone": ["read-atomic"],
  prefix: ["causal-cerone"],
  "parallel-snapshot-isolation": ["causal-cerone", "ROLA"],
  "PL-SI": ["PL-FCV", "monotonic-atomic-view", "PL-MSR", "parallel-snapshot-isolation", "prefix"],
  "PL-2.99": ["PL-CS", "monotonic-atomic-view"],
  "PL-3U": ["PL-FCV"],
  "PL-3": ["PL-2.99", "PL-3U", "PL-SI", "view-serializable"],
  "strong-session-PL-1": ["PL-1"],
  "strong-session-PL-2": ["PL-2", "strong-session-PL-1"],
  "strong-session-PL-SI": ["PL-SI", "strong-session-PL-2"],
  "strong-session-PL-3": ["PL-3", "strong-session-PL-SI"],
  "strong-PL-1": ["strong-session-PL-1"],
  "strong-PL-2": ["strong-session-PL-2", "strong-PL-1"],
  "strong-PL-SI": ["strong-session-PL-SI", "strong-PL-2"],
  "PL-SS": ["PL-3", "strong-PL-SI", "strong-session-PL-3"],
};

/** What each proscribes beyond what the weaker ones do. */
const proscribed: { readonly [M in Model]?: readonly string[] } = {
  "PL-1": ["G0", "duplicate-elements", "cyclic-versions"],
  "PL-2": ["G1"],
  "PL-CS": ["G-cursor", "lost-update"],
  "PL-2L": ["G-monotonic"],
  "PL-MSR": ["G-MSR"],
  "PL-2+": ["G-single"],
  "PL-FCV": ["G-SIb"],
  "read-atomic": ["internal", "G1a", "future-read"],
  ROLA: ["lost-update"],
  "causal-cerone": ["internal", "G1a"],
  prefix: ["internal", "G1a"],
  "parallel-snapshot-isolation": ["internal", "G1a"],
  "PL-SI": ["internal", "G-SI", "G-nonadjacent"],
  "PL-2.99": ["G2-item", "lost-update"],
  "PL-3U": ["G-update"],
  "PL-3": ["internal", "G2"],
  "strong-session-PL-1": ["G0-process"],
  "strong-session-PL-2": ["G1c-process"],
  "strong-session-PL-SI": ["internal", "G1-process", "G-nonadjacent-process"],
  "strong-session-PL-3": ["G1-process", "G2-process"],
  "strong-PL-1": ["G0-realtime"],
  "strong-PL-2": ["G1c-realtime"],
  "strong-PL-SI": ["internal", "G1-realtime", "G-nonadjacent-realtime"],
  "PL-SS": ["G1c-realtime", "G2-realtime"],
};

/**
 * Where the anomaly on the left is, those on the right are. Items only: nothing here reads by predicate, so that every
 * cycle with one anti-dependency is a `G-single-item`.
 */
const implied: Readonly<Record<string, readonly string[]>> = {
  G0: ["G1c", "G0-process"],
  "G0-process": ["G1c-process", "G0-realtime"],
  "G0-realtime": ["G1c-realtime"],
  G1a: ["G1"],
  G1b: ["G1"],
  G1c: ["G1", "G1c-process"],
  "G1c-process": ["G1c-realtime", "G1-process"],
  "G1c-realtime": ["G1-realtime"],
  G1: ["G1-process"],
  "G1-process": ["G1-realtime"],
  "G-single-item": ["G-single", "G-single-item-process", "G-nonadjacent-item"],
  "G-single-item-process": [
    "G-single-process",
    "G-single-item-realtime",
    "G-nonadjacent-item-process",
  ],
  "G-single-item-realtime": ["G-single-realtime", "G-nonadjacent-item-realtime"],
  "G-single": ["G-nonadjacent", "G-SIb", "G-single-process"],
  "G-single-process": ["G-nonadjacent-process", "G-single-realtime"],
  "G-single-realtime": ["G-nonadjacent-realtime"],
  "G-nonadjacent-item": ["G-nonadjacent", "G2-item", "G-nonadjacent-item-process"],
  "G-nonadjacent-item-process": [
    "G-nonadjacent-process",
    "G2-item-process",
    "G-nonadjacent-item-realtime",
  ],
  "G-nonadjacent-item-realtime": ["G2-item-realtime", "G-nonadjacent-realtime"],
  "G-nonadjacent": ["G2", "G-nonadjacent-process"],
  "G-nonadjacent-process": ["G2-process", "G-nonadjacent-realtime"],
  "G-nonadjacent-realtime": ["G2-realtime"],
  "G2-item": ["G2", "G2-item-process"],
  "G2-item-process": ["G2-process", "G2-item-realtime"],
  "G2-item-realtime": ["G2-realtime"],
  G2: ["G2-process"],
  "G2-process": ["G2-realtime"],
  "G-SIa": ["G-SI"],
  "G-SIb": ["G-SI"],
  "incompatible-order": ["G1a"],
  "dirty-update": ["G1a"],
  "garbage-read": ["G1a"],
  "future-read": ["G1c"],
  "lost-update": ["write-skew", "G2-item"],
  "write-skew": ["G2"],
};

function impliedBy(): Readonly<Record<string, readonly string[]>> {
  const inverse: Record<string, string[]> = {};
  for (const [anomaly, others] of Object.entries(implied)) {
    for (const other of others) (inverse[other] ??= []).push(anomaly);
  }
  return inverse;
}

function closure<T extends string>(
  from: Iterable<T>,
  edges: Readonly<Record<string, readonly T[]>>,
): ReadonlySet<T> {
  const reached = new Set(from);
  for (const node of reached) for (const next of edges[node] ?? []) reached.add(next);
  return reached;
}
