/** The bytes of a recording are not what their format promises. `line` counts from 1; null in a format without lines. */
export class Malformed extends Error {
  readonly line: number | null;

  constructor(why: string, line: number | null) {
    super(line === null ? why : `line ${line}: ${why}`);
    this.name = "Malformed";
    this.line = line;
  }
}
