import {
  type Bytes,
  byId,
  type Effect,
  fail,
  type GroupConfig,
  type Input,
  Malformed,
  NO_POSITION,
  type NodeId,
  type Now,
  type Protocol,
  Reader,
  type Recovered,
  type RequestId,
  type Step,
  succeed,
  type Ticks,
  Writer,
} from "../../core/index.ts";

/** Orders writes of a register: the counter first, then the writer's id, so that no two are equal. */
export interface Stamp {
  readonly counter: number;
  readonly writer: NodeId;
}

export interface Cell {
  readonly stamp: Stamp;
  readonly value: Bytes;
}

/** `phase` numbers a coordinator's question, so that a late answer is not taken for one to the next. */
export type RegisterMessage =
  | { readonly type: "Query"; readonly phase: number }
  | { readonly type: "QueryReply"; readonly phase: number; readonly cell: Cell }
  | { readonly type: "Store"; readonly phase: number; readonly cell: Cell }
  | { readonly type: "StoreReply"; readonly phase: number };

/** One request under way at its coordinator: first it asks R replicas, then it stores at W. */
interface Operation {
  readonly id: RequestId;
  readonly phase: number;
  /** Null for a read, which stores what it found before it answers (Attiya, Bar-Noy, Dolev 1995, §4). */
  readonly write: Bytes | null;
  readonly stage: "query" | "store";
  readonly answered: readonly NodeId[];
  readonly best: Cell;
  readonly giveUpAt: Ticks;
}

export interface RegisterState {
  readonly self: NodeId;
  readonly replicas: readonly NodeId[];
  readonly cell: Cell;
  readonly operations: readonly Operation[];
  readonly phases: number;
}

export interface RegisterSettings {
  /** How many must answer a write and a read. W + R > N makes reads linearizable; less is what it is. */
  readonly w: number;
  readonly r: number;
  readonly patienceTicks: number;
}

type RegisterStep = Step<RegisterState, RegisterMessage>;
type RegisterEffect = Effect<RegisterMessage>;

/**
 * A register under N/W/R without a leader: the sketch on which the inner seam was tried beside Raft. Every replica coordinates; a
 * promise (an answer to `Store`) waits for the disk by the seam's own rule, and nothing here is `early`.
 */
export function register(settings: RegisterSettings): Protocol<RegisterState, RegisterMessage> {
  const begin = (self: NodeId, config: GroupConfig, cell: Cell): RegisterStep => [
    { self, replicas: [...config.voters].sort(byId), cell, operations: [], phases: 0 },
    [],
  ];
  return {
    start: (self, config, recovered) => begin(self, config, lastCell(recovered)),
    repair: (self, config) => begin(self, config, EMPTY_CELL),
    step: (state, now, inputs) =>
      inputs.reduce<RegisterStep>(
        (step, input) => onInput(step, settings, now, input),
        [state, []],
      ),
    wakeAt: (state) => state.operations[0]?.giveUpAt ?? null,
    meta: (state) => encodeCell(state.cell),
    wants: () => false,
  };
}

const NOBODY = 0n as NodeId;
const EMPTY_CELL: Cell = { stamp: { counter: 0, writer: NOBODY }, value: new Uint8Array(0) };

function onInput(
  [state, effects]: RegisterStep,
  settings: RegisterSettings,
  now: Now,
  input: Input<RegisterMessage>,
): RegisterStep {
  const join = ([next, more]: RegisterStep): RegisterStep => [next, [...effects, ...more]];
  switch (input.type) {
    case "Propose":
      return input.commands.reduce(
        (step, { id, command }) => open(step, settings, now, id, command),
        join([state, []]),
      );
    case "Read":
      return input.ids.reduce((step, id) => open(step, settings, now, id, null), join([state, []]));
    case "Receive":
      return join(onMessage(state, settings, input.from, input.message));
    case "Wake":
      return join(giveUp(state, settings, now));
    default:
      // Leaders, logs and snapshots: what a leaderless protocol is told of them it may ignore.
      return [state, effects];
  }
}

/** Asks everybody what they hold; R answers decide. */
function open(
  [state, effects]: RegisterStep,
  settings: RegisterSettings,
  now: Now,
  id: RequestId,
  write: Bytes | null,
): RegisterStep {
  const phase = state.phases + 1;
  const giveUpAt = (now.ticks + settings.patienceTicks) as Ticks;
  const operation: Operation = {
    id,
    phase,
    write,
    stage: "query",
    answered: [state.self],
    best: state.cell,
    giveUpAt,
  };
  const asked: RegisterState = {
    ...state,
    phases: phase,
    operations: [...state.operations, operation],
  };
  const [next, more] = advance(asked, settings, operation);
  return [next, [...effects, ...toOthers(asked, { type: "Query", phase }), ...more]];
}

function onMessage(
  state: RegisterState,
  settings: RegisterSettings,
  from: NodeId,
  m: RegisterMessage,
): RegisterStep {
  switch (m.type) {
    case "Query":
      return [state, [send(from, { type: "QueryReply", phase: m.phase, cell: state.cell })]];
    case "Store": {
      const [next, persisted] = store(state, m.cell);
      return [next, [...persisted, send(from, { type: "StoreReply", phase: m.phase })]];
    }
    case "QueryReply":
      return answered(state, settings, from, m.phase, "query", m.cell);
    case "StoreReply":
      return answered(state, settings, from, m.phase, "store", null);
  }
}

function answered(
  state: RegisterState,
  settings: RegisterSettings,
  from: NodeId,
  phase: number,
  stage: Operation["stage"],
  cell: Cell | null,
): RegisterStep {
  const known = state.operations.find(
    (operation) => operation.phase === phase && operation.stage === stage,
  );
  if (known === undefined || known.answered.includes(from)) return [state, []];
  const best = cell !== null && isNewer(cell.stamp, known.best.stamp) ? cell : known.best;
  return advance(state, settings, { ...known, answered: [...known.answered, from], best });
}

/** Moves an operation on when enough have answered: from asking to storing, from storing to its answer. */
function advance(
  state: RegisterState,
  settings: RegisterSettings,
  operation: Operation,
): RegisterStep {
  if (operation.answered.length < (operation.stage === "query" ? settings.r : settings.w))
    return [replace(state, operation), []];
  if (operation.stage === "store") {
    const rest = state.operations.filter(({ phase }) => phase !== operation.phase);
    return [
      { ...state, operations: rest },
      [{ type: "Settle", id: operation.id, outcome: succeed(operation.best.value) }],
    ];
  }
  const { write, best } = operation;
  const chosen =
    write === null
      ? best
      : { stamp: { counter: best.stamp.counter + 1, writer: state.self }, value: write };
  const [stored, persisted] = store(state, chosen);
  const storing: Operation = { ...operation, stage: "store", answered: [state.self], best: chosen };
  const [next, more] = advance(replace(stored, storing), settings, storing);
  return [
    next,
    [
      ...persisted,
      ...toOthers(state, { type: "Store", phase: operation.phase, cell: chosen }),
      ...more,
    ],
  ];
}

/** Keeps the newer cell, on disk before anybody is told. */
function store(state: RegisterState, cell: Cell): RegisterStep {
  if (!isNewer(cell.stamp, state.cell.stamp)) return [state, []];
  return [
    { ...state, cell },
    [{ type: "Persist", record: encodeCell(cell), lastIndex: NO_POSITION.index }],
  ];
}

/** Too few answered in time. A write may have reached some replica, and a later read may spread it: the outcome is unknown. */
function giveUp(state: RegisterState, settings: RegisterSettings, now: Now): RegisterStep {
  const late = state.operations.filter(({ giveUpAt }) => giveUpAt <= now.ticks);
  const waitedTicks = settings.patienceTicks as Ticks;
  const effects = late.map(
    ({ id }): RegisterEffect => ({
      type: "Settle",
      id,
      outcome: fail({ code: "Timeout", definite: false, waitedTicks }),
    }),
  );
  return [
    { ...state, operations: state.operations.filter(({ giveUpAt }) => giveUpAt > now.ticks) },
    effects,
  ];
}

const replace = (state: RegisterState, operation: Operation): RegisterState => ({
  ...state,
  operations: state.operations.map((other) =>
    other.phase === operation.phase ? operation : other,
  ),
});

const isNewer = (a: Stamp, b: Stamp): boolean =>
  a.counter > b.counter || (a.counter === b.counter && a.writer > b.writer);

const send = (to: NodeId, message: RegisterMessage): RegisterEffect => ({
  type: "Send",
  to,
  message,
  early: false,
  lane: "log",
});

const toOthers = (
  { self, replicas }: RegisterState,
  message: RegisterMessage,
): readonly RegisterEffect[] =>
  replicas.filter((peer) => peer !== self).map((peer) => send(peer, message));

const encodeCell = ({ stamp, value }: Cell): Bytes =>
  new Writer(32 + value.length).uint(stamp.counter).u64(stamp.writer).bytes(value).take();

function lastCell({ records }: Recovered): Cell {
  let cell = EMPTY_CELL;
  for (const record of records) {
    const r = new Reader(record);
    cell = { stamp: { counter: r.uint(), writer: r.u64() as NodeId }, value: r.bytes() };
    if (r.left > 0) throw new Malformed("a cell and nothing else");
  }
  return cell;
}
