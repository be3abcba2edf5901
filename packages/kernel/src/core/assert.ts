/** A broken promise of our own code. Nobody catches it: the replica stops, the simulator prints its seed. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** States a fact that holds; `why` says what would be wrong with the code if it did not. */
export function assert(fact: boolean, why: string): asserts fact {
  if (!fact) throw new Bug(why);
}

/** Closes a switch over a union, so that a new member breaks the build in each place which must think of it. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${String(value)}`);
}
