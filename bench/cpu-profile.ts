/** The part of V8's CPU profile that is read here (`Profiler.Profile` of the inspector's protocol). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where a sample was taken: the function on top, and the nearest one below it that has a source. */
export interface Frame {
  readonly functionName: string;
  /** Empty for what is native: V8's own, and the bindings through which Node calls the system. */
  readonly url: string;
  readonly callerUrl: string;
}

/** Microseconds in each function itself, without those that it calls. */
export function selfMicros(profile: CpuProfile): ReadonlyMap<Frame, number> {
  const frames = framesOf(profile);
  const micros = new Map<Frame, number>();
  for (const [i, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    if (frame === undefined) continue;
    // A delta is the time since the sample before: what this one found had begun somewhere in it.
    micros.set(frame, (micros.get(frame) ?? 0) + (profile.timeDeltas[i] ?? 0));
  }
  return micros;
}

function framesOf({ nodes }: CpuProfile): ReadonlyMap<number, Frame> {
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const callFrames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const callerUrlOf = (id: number): string => {
    for (let at = parents.get(id); at !== undefined; at = parents.get(at)) {
      const url = callFrames.get(at)?.url ?? "";
      if (url !== "") return url;
    }
    return "";
  };
  return new Map(
    nodes.map(({ id, callFrame: { functionName, url } }) => [
      id,
      { functionName, url, callerUrl: callerUrlOf(id) },
    ]),
  );
}
