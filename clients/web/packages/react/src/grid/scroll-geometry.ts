/**
 * Where things are in a grid of up to 2^53 / row height rows. Positions are CSS pixels as doubles:
 * at 10^9 rows of 28 px they are exact to a hundred-thousandth of a pixel. No element is ever as
 * high as the rows: browsers end at 33.5 million pixels.
 */

/** One axis of scrolling. */
export interface Axis {
  /** Length of everything. */
  content: number;
  /** Length of what is visible. */
  viewport: number;
}

export function scrollMax({ content, viewport }: Axis): number {
  return Math.max(0, content - viewport);
}

export function clampScroll(scroll: number, axis: Axis): number {
  return Math.min(Math.max(0, scroll), scrollMax(axis));
}

const THUMB_MIN = 36;

export interface Thumb {
  offset: number;
  size: number;
}

/** The scroll bar's thumb; undefined when there is nothing to scroll. */
export function thumbOf(scroll: number, axis: Axis, track: number): Thumb | undefined {
  const max = scrollMax(axis);
  if (max <= 0 || track <= THUMB_MIN) return undefined;
  const size = Math.max(THUMB_MIN, Math.round((track * axis.viewport) / axis.content));
  return { offset: ((track - size) * clampScroll(scroll, axis)) / max, size };
}

/** The scroll that puts the thumb's start at `offset`: the ends of the track are the ends exactly. */
export function scrollOfThumb(offset: number, axis: Axis, track: number): number {
  const thumb = thumbOf(0, axis, track);
  if (!thumb) return 0;
  const share = Math.min(Math.max(0, offset / (track - thumb.size)), 1);
  return share === 1 ? scrollMax(axis) : share * scrollMax(axis);
}

/** Rows that are at least partly visible, both ends included; `last < first` when there are none. */
export function visibleRows(scroll: number, rowHeight: number, viewport: number, rowCount: number) {
  const first = Math.floor(scroll / rowHeight);
  const last = Math.min(rowCount, Math.ceil((scroll + viewport) / rowHeight)) - 1;
  return { first, last };
}

/** The nearest scroll at which `start` to `start + length` is wholly visible. */
export function scrollToReveal(scroll: number, start: number, length: number, viewport: number) {
  if (start < scroll || length > viewport) return start;
  return start + length > scroll + viewport ? start + length - viewport : scroll;
}
