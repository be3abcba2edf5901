import { crc32c } from "@quorate/kernel/core";
import { sumModule, TABLE_BYTES, TABLES } from "./sum-module.ts";

/** Memory that can sum what it holds. */
export interface SummingMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `crc32c` of those of `bytes` in [from, to), for which a sum of `seed` came before. */
  readonly sum: (seed: number, from: number, to: number) => number;
}

/**
 * So many zero bytes, resident only where they were touched. WebAssembly sums them in place, at a third of what the same tables
 * cost in JavaScript; where there is none (`--jitless`, no address space), JavaScript does.
 */
export function summingMemory(length: number): SummingMemory {
  try {
    return inWebAssembly(length);
  } catch {
    return inJavaScript(length);
  }
}

export function inJavaScript(length: number): SummingMemory {
  const bytes = new Uint8Array(length);
  return { bytes, sum: (seed, from, to) => crc32c(bytes, seed, from, to) };
}

/** Throws where the engine has no WebAssembly or no room. */
export function inWebAssembly(length: number): SummingMemory {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((DATA_AT + length) / PAGE_BYTES) });
  new Int32Array(memory.buffer, 0, DATA_AT / 4).set(CONTENT);
  const module = new WebAssembly.Module(CODE);
  const { sum } = new WebAssembly.Instance(module, { host: { memory } }).exports;
  return {
    bytes: new Uint8Array(memory.buffer, DATA_AT, length),
    sum: (seed, from, to) => sum(seed, DATA_AT + from, DATA_AT + to) >>> 0,
  };
}

const PAGE_BYTES = 65_536;
const DATA_AT = TABLES * TABLE_BYTES;
const CODE = sumModule();
const CONTENT = tables();

/** With ones for a seed a sum starts from nothing, so that one byte and k zeros give just what the byte adds. */
function tables(): Int32Array {
  const words = new Int32Array(DATA_AT / 4);
  const run = new Uint8Array(TABLES);
  for (let at = 0; at < words.length; at++) {
    run[0] = at % 256;
    words[at] = ~crc32c(run, 0xffff_ffff, 0, 1 + Math.floor(at / 256));
  }
  return words;
}

/** What is used here of the engine's global: the libraries that this package compiles with leave it out. */
declare const WebAssembly: {
  readonly Memory: new (of: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => {
    readonly exports: { readonly sum: (seed: number, from: number, to: number) => number };
  };
};
