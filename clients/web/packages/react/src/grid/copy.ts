import { cellText, plainText, type GroupLine, type RowPlace } from '@bowshot/client';

import type { ColumnBox } from './column-layout.js';
import type { GridRows } from './grid-rows.js';
import type { CellRange } from './selection.js';

/** Cells of one copy: about what a spreadsheet takes without choking. */
export const COPY_CELLS_MAX = 500_000;

export interface CopiedCells {
  text: string;
  rows: number;
  /** Rows that were selected: more than were copied where the cap was met. */
  rowsSelected: number;
  columns: number;
}

/**
 * Selected cells as tab-separated text, for a spreadsheet: numbers without grouping, null as nothing,
 * text that holds a tab, a quote or a line's end in quotes. The first rows up to the cap.
 */
export async function copyCells(
  rows: GridRows,
  boxes: readonly ColumnBox[],
  range: CellRange,
  { withNames, signal }: { withNames: boolean; signal: AbortSignal },
): Promise<CopiedCells> {
  const columns = boxes.slice(range.firstColumn, range.lastColumn + 1);
  const rowsSelected = range.lastRow - range.firstRow + 1;
  const rowsMax = Math.max(1, Math.floor(COPY_CELLS_MAX / Math.max(1, columns.length)));
  const lines = await rows.read(range.firstRow, Math.min(rowsSelected, rowsMax), signal);
  const names = columns.map(({ info }) => quoted(info.name)).join('\t');
  const texts = lines.map((line) => lineText(line, columns));
  return {
    text: (withNames ? [names, ...texts] : texts).join('\n'),
    rows: lines.length,
    rowsSelected,
    columns: columns.length,
  };
}

function lineText(line: RowPlace | GroupLine, columns: readonly ColumnBox[]): string {
  if ('depth' in line) return groupText(line, columns);
  return columns
    .map(({ source }) => {
      const vector = line.table.getChildAt(source);
      return vector && cellText(vector, line.index) !== null
        ? quoted(plainText(vector, line.index))
        : '';
    })
    .join('\t');
}

/** A group's value stands in its column, or else in the first one. */
function groupText(group: GroupLine, columns: readonly ColumnBox[]): string {
  const own = Math.max(
    0,
    columns.findIndex(({ info }) => info.name === group.column),
  );
  return columns
    .map(({ info }, index) =>
      quoted(index === own ? (group.text ?? '') : (group.measures.get(info.name) ?? '')),
    )
    .join('\t');
}

function quoted(text: string): string {
  return /[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Puts text on the clipboard that is still being read. Browsers allow that only where it begins with
 * the reader's own gesture.
 */
export async function writeClipboard(text: Promise<string>): Promise<void> {
  // Pages that come over plain HTTP from another machine have no clipboard.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (!clipboard)
    throw new Error('this page may not use the clipboard: it needs HTTPS or localhost');
  if (typeof ClipboardItem === 'undefined') return clipboard.writeText(await text);
  const blob = text.then((whole) => new Blob([whole], { type: 'text/plain' }));
  await clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
}
