import { Code } from "@quorate/http2";

/** The names of the codes by value, as metrics spell them. */
export const CODE_NAMES: readonly string[] = Object.keys(Code);
