/** Rows of a request, counted from the first of the view. */
export interface Slice {
  offset: number;
  limit: number;
}

/** Of an order that is too long to be kept a server answers so many rows at its start and its end. */
const END_ROWS = 5_000;

/**
 * What of a slice lies within the ends of such an order; undefined where that is nothing, or all of it.
 * `rows` is the view's number of rows, where it is known.
 */
export function withinEnds({ offset, limit }: Slice, rows: number | undefined): Slice | undefined {
  if (offset < END_ROWS && offset + limit > END_ROWS) return { offset, limit: END_ROWS - offset };
  const lastBegin = (rows ?? 0) - END_ROWS;
  if (offset < lastBegin && offset + limit > lastBegin) {
    return { offset: lastBegin, limit: offset + limit - lastBegin };
  }
  return undefined;
}
