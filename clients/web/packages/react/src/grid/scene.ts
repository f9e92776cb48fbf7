import type { GroupLine, RowPlace } from '@bowshot/client';

import type { ColumnBox } from './column-layout.js';
import type { Cell } from './keyboard.js';
import type { CellRange } from './selection.js';
import type { GridTheme } from './theme.js';

/** Everything that a frame shows. Lengths are CSS pixels. */
export interface Scene {
  width: number;
  height: number;
  pixelRatio: number;
  theme: GridTheme;
  gutterWidth: number;
  scrollTop: number;
  scrollLeft: number;
  /** Columns that stay at the left. */
  pinned: readonly ColumnBox[];
  /** The visible ones of those that scroll below them. */
  scrolled: readonly ColumnBox[];
  firstRow: number;
  lastRow: number;
  place(row: number): RowPlace | undefined;
  group(row: number): GroupLine | undefined;
  /** What the gutter shows at a row. */
  label: (row: number) => string;
  hasFailed(row: number): boolean;
  /** Selected cells, where they are more than one. */
  range: CellRange | undefined;
  active: Cell | undefined;
  isFocused: boolean;
  hoverRow: number | undefined;
  /** Room that the scroll bars take at the right and at the bottom; 0 where there is none. */
  bars: { right: number; bottom: number };
}

export const CELL_PADDING = 12;

/** Where a column begins on the canvas. */
export function leftOf({ gutterWidth, scrollLeft, pinned }: Scene, column: ColumnBox): number {
  const isPinned = pinned.includes(column);
  return gutterWidth + column.x - (isPinned ? 0 : scrollLeft);
}
