import {
  DEFAULT_HOLDER_SETTINGS,
  DEFAULT_ISSUER_SETTINGS,
  type HolderEffect,
  type HolderInput,
  type HolderMessage,
  type HolderSettings,
  type IssuerEffect,
  type IssuerInput,
  type IssuerMessage,
  type IssuerRecord,
  type IssuerSettings,
  issuerWakeAt,
  type LeaseHolder,
  type LeaseIssuer,
  type LeaseRules,
  type NodeId,
  type Now,
  nodeId,
  requestId,
  startHolder,
  startId,
  startIssuer,
  stepHolder,
  stepIssuer,
  ticks,
} from "@quorate/kernel/core";

/** A message on its way, and the true time in microseconds at which it arrives; null: only when a test says so. */
export interface Letter {
  readonly from: NodeId | "issuer";
  readonly to: NodeId | "issuer";
  readonly message: HolderMessage | IssuerMessage<string>;
  readonly at: number | null;
}

export interface WorldSetup {
  readonly holders: number;
  readonly issuer?: Partial<IssuerSettings>;
  readonly holder?: Partial<HolderSettings>;
  readonly rules?: Partial<LeaseRules>;
  /** Rates of the clocks in parts of a thousand. */
  readonly issuerRate?: number;
  readonly holderRate?: number;
  /** What the clocks show at the beginning, in microseconds: they agree on nothing but their rates. */
  readonly offsets?: readonly number[];
  /** How long a message takes, in microseconds; null: it waits for the test. */
  readonly latency?: (letter: Pick<Letter, "from" | "to" | "message">) => number | null;
}

export interface Answered {
  readonly id: number;
  readonly at: number;
  readonly version: number;
  readonly value: string | null;
  readonly cached: boolean;
}

const DATUM = "x";

/** One issuer and its holders in true time, in microseconds; each sees it through a clock of its own, in whole milliseconds. */
export class LeaseWorld {
  readonly setup: WorldSetup;
  readonly ids: readonly NodeId[];
  readonly answered: Answered[] = [];
  readonly failed: number[] = [];
  /** When each write was applied, in true milliseconds. */
  readonly applied: { readonly id: number; readonly at: number; readonly version: number }[] = [];
  readonly refused: number[] = [];
  /** Local answers of a version that had been replaced. */
  readonly stale: string[] = [];
  readonly sent = new Map<string, number>();
  readonly wallOffsets = new Map<NodeId, number>();
  letters: Letter[] = [];
  #issuer: LeaseIssuer<string>;
  readonly #settings: IssuerSettings;
  readonly #holders = new Map<NodeId, LeaseHolder<string>>();
  readonly #cut = new Set<NodeId>();
  #records: IssuerRecord<string>[] = [];
  #time = 0;
  #requests = 0;
  #lives = 0n;

  constructor(setup: WorldSetup) {
    this.setup = setup;
    this.ids = Array.from({ length: setup.holders }, (_, i) => nodeId(BigInt(i + 1)));
    const rules = { ...DEFAULT_ISSUER_SETTINGS.rules, ...setup.rules };
    this.#settings = { ...DEFAULT_ISSUER_SETTINGS, ...setup.issuer, rules };
    this.#issuer = startIssuer(this.#settings, this.#life(), [], this.#issuerNow());
    const settings = { ...DEFAULT_HOLDER_SETTINGS, ...setup.holder, rules };
    for (const id of this.ids) this.#holders.set(id, startHolder(settings, this.#life(), DATUM));
  }

  /** True time in milliseconds. */
  get time(): number {
    return this.#time / 1000;
  }

  get issuer(): LeaseIssuer<string> {
    return this.#issuer;
  }

  get records(): readonly IssuerRecord<string>[] {
    return this.#records;
  }

  holder(at: number): LeaseHolder<string> {
    const holder = this.#holders.get(this.#id(at));
    if (holder === undefined) throw new RangeError(`no holder ${at}`);
    return holder;
  }

  read(at: number): number {
    const id = ++this.#requests;
    this.#holderStep(this.#id(at), { type: "Read", id: requestId(id) });
    return id;
  }

  write(value: string): number {
    const id = ++this.#requests;
    this.#issuerStep({ type: "Write", id: requestId(id), datum: DATUM, value });
    return id;
  }

  /** Whether this holder answers reads by itself now. */
  caches(at: number): boolean {
    const { cached } = this.holder(at);
    return cached !== null && this.#holderNow(this.#id(at)).ticks < cached.until;
  }

  answerTo(id: number): Answered | null {
    return this.answered.find((answer) => answer.id === id) ?? null;
  }

  appliedAt(id: number): number | null {
    return this.applied.find((write) => write.id === id)?.at ?? null;
  }

  cut(at: number): this {
    this.#cut.add(this.#id(at));
    return this;
  }

  /** The issuer's machine restarts: its clock begins anew, and what is not in its records is gone. */
  restartIssuer(records: readonly IssuerRecord<string>[] = this.#records): this {
    this.#issuer = startIssuer(this.#settings, this.#life(), records, this.#issuerNow());
    return this;
  }

  restartHolder(at: number): this {
    const id = this.#id(at);
    this.#holders.set(id, startHolder(this.holder(at).settings, this.#life(), DATUM));
    return this;
  }

  /** Lets true time pass, in milliseconds; letters arrive and writes are applied when they are due. */
  pass(millis: number): this {
    const until = this.#time + Math.round(millis * 1000);
    for (;;) {
      const letter = this.#nextLetter();
      const alarm = this.#issuerAlarm();
      const at = Math.min(letter?.at ?? Number.POSITIVE_INFINITY, alarm);
      if (at > until) break;
      this.#time = Math.max(this.#time, at);
      if (letter !== null && letter.at === at) this.deliver(letter);
      else this.#issuerStep({ type: "Wake" });
    }
    this.#time = until;
    return this;
  }

  /** This letter arrives now. */
  deliver(letter: Letter): this {
    this.letters = this.letters.filter((one) => one !== letter);
    const { from, to, message } = letter;
    const other = to === "issuer" ? from : to;
    if (other === "issuer" || this.#cut.has(other)) return this;
    if (message.type === "Read" || message.type === "RevokeAck")
      this.#issuerStep({ type: "Receive", from: other, message });
    else this.#holderStep(other, { type: "Receive", message });
    return this;
  }

  deliverAll(...types: readonly string[]): this {
    for (;;) {
      const letter = this.letters.find(({ message }) => types.includes(message.type));
      if (letter === undefined) return this;
      this.deliver(letter);
    }
  }

  #nextLetter(): (Letter & { readonly at: number }) | null {
    let best: (Letter & { readonly at: number }) | null = null;
    for (const letter of this.letters) {
      if (letter.at === null || (best !== null && best.at <= letter.at)) continue;
      best = letter as Letter & { readonly at: number };
    }
    return best;
  }

  /** The true time at which the issuer's clock shows what it waits for. */
  #issuerAlarm(): number {
    const at = issuerWakeAt(this.#issuer);
    if (at === null) return Number.POSITIVE_INFINITY;
    const true1000 = (at * 1000 - this.#offset(0)) * 1000;
    return Math.max(this.#time, Math.ceil(true1000 / (this.setup.issuerRate ?? 1000)));
  }

  #issuerStep(input: IssuerInput<string>): void {
    const [next, effects] = stepIssuer(this.#issuer, this.#issuerNow(), [input]);
    this.#issuer = next;
    for (const effect of effects) this.#performIssuer(effect);
  }

  #performIssuer(effect: IssuerEffect<string>): void {
    if (effect.type === "Persist") this.#records.push(effect.record);
    else if (effect.type === "Send") this.#post("issuer", effect.to, effect.message);
    else if (effect.type === "Refused") this.refused.push(effect.id);
    else this.applied.push({ id: effect.id, at: this.time, version: effect.version });
  }

  #holderStep(id: NodeId, input: HolderInput<string>): void {
    const known = this.#holders.get(id);
    if (known === undefined) throw new RangeError(`no holder ${id}`);
    const [next, effects] = stepHolder(known, this.#holderNow(id), [input]);
    this.#holders.set(id, next);
    for (const effect of effects) this.#performHolder(id, effect, input.type === "Read");
  }

  #performHolder(id: NodeId, effect: HolderEffect<string>, cached: boolean): void {
    if (effect.type === "Send") this.#post(id, "issuer", effect.message);
    else if (effect.type === "Failed") this.failed.push(effect.id);
    else {
      const { version, value } = effect;
      const newest = this.applied[this.applied.length - 1]?.version ?? 0;
      if (cached && version < newest) this.stale.push(`${id} at ${this.time}: ${version}`);
      for (const read of effect.ids)
        this.answered.push({ id: read, at: this.time, version, value, cached });
    }
  }

  #post(from: Letter["from"], to: Letter["to"], message: Letter["message"]): void {
    this.sent.set(message.type, (this.sent.get(message.type) ?? 0) + 1);
    const latency = this.setup.latency?.({ from, to, message }) ?? null;
    const waits = this.setup.latency !== undefined && latency === null;
    const at = waits ? null : this.#time + (latency ?? 0);
    this.letters.push({ from, to, message, at });
  }

  #issuerNow(): Now {
    return this.#now(this.#offset(0), this.setup.issuerRate ?? 1000, 0);
  }

  #holderNow(id: NodeId): Now {
    const wall = this.wallOffsets.get(id) ?? 0;
    return this.#now(this.#offset(Number(id)), this.setup.holderRate ?? 1000, wall);
  }

  #now(offset: number, rate: number, wallOffset: number): Now {
    const local = Math.floor((offset + Math.floor((this.#time * rate) / 1000)) / 1000);
    const wall = 1_000_000_000 + Math.floor(this.#time / 1000) + wallOffset;
    return { ticks: ticks(local), wall: { earliest: wall, latest: wall } };
  }

  #offset(at: number): number {
    return this.setup.offsets?.[at] ?? 0;
  }

  #life() {
    return startId(++this.#lives);
  }

  #id(at: number): NodeId {
    return nodeId(BigInt(at));
  }
}
