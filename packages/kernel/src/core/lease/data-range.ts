/** Data from `from` on, in byte order, up to and without `to`; null has no end. */
export interface DataRange {
  readonly from: string;
  readonly to: string | null;
}

export const ALL_DATA: DataRange = { from: "", to: null };

/** The least range that holds a datum. */
export const rangeOf = (datum: string): DataRange => ({ from: datum, to: `${datum}\0` });
