/** A header block that cannot be decoded. Thrown inside the decoder only, and caught at its door. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}
