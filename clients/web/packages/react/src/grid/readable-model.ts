import { textOfCell } from './cell-texts.js';
import type { ColumnBox } from './column-layout.js';
import { groupAt, isGrouped, type GridRows } from './grid-rows.js';
import type { ReadableRow, ReadableRows } from './grid-view.js';

interface Sight {
  rows: GridRows | undefined;
  /** Visible lines, both ends included. */
  first: number;
  last: number;
  pinned: readonly ColumnBox[];
  scrolled: readonly ColumnBox[];
  scrollTop: number;
  scrollLeft: number;
  label: (row: number) => string;
  frame: Omit<ReadableRows, 'rows'>;
}

/** The visible cells as texts and places: what the DOM rows are made of. */
export function readableRows(sight: Sight): ReadableRows {
  const { rows, pinned, scrolled, scrollLeft, frame } = sight;
  const boxes = [
    ...pinned.map((box) => ({ ...box, left: box.x })),
    ...scrolled.map((box) => ({ ...box, left: box.x - scrollLeft })),
  ];
  const lines: ReadableRow[] = [];
  for (let row = sight.first; row <= sight.last; ++row) {
    const place = rows?.row(row);
    const group = groupAt(rows, row);
    const cells = boxes.map(({ index, source, left, width, info }) => ({
      column: index,
      x: left,
      width,
      text: group ? (group.measures.get(info.name) ?? '') : place && textOfCell(place, source),
    }));
    lines.push({
      row,
      top: row * frame.rowHeight - sight.scrollTop,
      cells,
      group,
      place: isGrouped(rows) ? rows.place(row) : undefined,
      label: sight.label(row),
      hasFailed: rows?.hasFailed(row) ?? false,
    });
  }
  return { ...frame, rows: lines };
}
