import type { ColumnInfo } from '@bowshot/client';

import { isNumericType } from '../cell-text.js';

export interface ColumnBox {
  info: ColumnInfo;
  /** Index among the answer's columns. */
  index: number;
  /** From the left of the first column, without the row numbers. */
  x: number;
  width: number;
  isNumeric: boolean;
}

export const COLUMN_WIDTH_MIN = 48;
export const COLUMN_WIDTH_MAX = 1200;

/**
 * Widths come from names and types alone, never from rows: nothing moves when the rows arrive.
 * `chosen` are the widths that the reader dragged, by column name.
 */
export function layOut(
  columns: readonly ColumnInfo[],
  chosen: ReadonlyMap<string, number>,
): ColumnBox[] {
  let x = 0;
  return columns.map((info, index) => {
    const width = chosen.get(info.name) ?? naturalWidth(info);
    const box = { info, index, x, width, isNumeric: isNumericType(info.type) };
    x += width;
    return box;
  });
}

export function contentWidth(boxes: readonly ColumnBox[]): number {
  const last = boxes.at(-1);
  return last ? last.x + last.width : 0;
}

/** Columns that are at least partly visible, both ends included. */
export function visibleColumns(boxes: readonly ColumnBox[], scroll: number, viewport: number) {
  const first = boxes.findIndex((box) => box.x + box.width > scroll);
  if (first < 0) return { first: 0, last: -1 };
  const beyond = boxes.findIndex((box) => box.x >= scroll + viewport);
  return { first, last: (beyond < 0 ? boxes.length : beyond) - 1 };
}

function naturalWidth({ name, type }: ColumnInfo): number {
  // Room for the sort mark and the paddings beside the name.
  const forName = Math.min(260, Math.ceil(name.length * 7.6) + 48);
  return Math.max(forName, widthOfType(type));
}

function widthOfType(type: string): number {
  const exact: Record<string, number> = {
    bool: 84,
    int8: 84,
    uint8: 84,
    int16: 92,
    uint16: 92,
    int32: 124,
    uint32: 124,
    int64: 148,
    uint64: 148,
    float16: 100,
    float32: 124,
    float64: 148,
    date32: 112,
    utf8: 168,
    'dictionary<utf8>': 148,
    'time64[us]': 132,
    'timestamp[s]': 168,
  };
  const known = exact[type];
  if (known !== undefined) return known;
  if (type.startsWith('timestamp')) return 204;
  if (type.startsWith('list') || type.startsWith('struct')) return 240;
  return 160;
}
