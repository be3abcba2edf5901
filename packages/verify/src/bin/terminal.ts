/** Where a command writes: what it found, and what it has to say about that. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}
