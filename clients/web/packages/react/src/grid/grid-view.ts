import type { GroupLine, LinePlace } from '@bowshot/client';

import type { ColumnBox } from './column-layout.js';
import type { Cell } from './keyboard.js';
import type { Selection } from './selection.js';

/** What the header shows; a new object whenever any of it changes. */
export interface HeaderLayout {
  pinned: readonly ColumnBox[];
  /** The scrolling columns in sight. */
  scrolled: readonly ColumnBox[];
  pinnedWidth: number;
  /** Columns shown, in sight or not. */
  count: number;
  gutterWidth: number;
  activeColumn: number;
}

/** The visible cells as text, for the DOM rows that assistive technology and tests read. */
export interface ReadableRows {
  rows: readonly ReadableRow[];
  active: Cell | undefined;
  selection: Selection;
  rowHeight: number;
  gutterWidth: number;
}

export interface ReadableRow {
  row: number;
  top: number;
  cells: readonly ReadableCell[];
  group: GroupLine | undefined;
  /** Among groups: where it stands in their tree. */
  place: LinePlace | undefined;
  /** What stands left of the cells: the row's number. */
  label: string;
  /** Whether what is not here does not come by itself. */
  hasFailed: boolean;
}

export interface ReadableCell {
  column: number;
  x: number;
  width: number;
  /** Undefined while the row is not here. */
  text: string | null | undefined;
}
