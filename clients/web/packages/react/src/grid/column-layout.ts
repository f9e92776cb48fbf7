import { isNumericType, type ColumnInfo } from '@bowshot/client';

import type { ArrangedColumn } from './column-arrangement.js';

export interface ColumnBox {
  info: ColumnInfo;
  /** Place among the columns shown, from the left. */
  index: number;
  /** Index among the answer's columns. */
  source: number;
  /** From the left of the first column, without the row numbers. */
  x: number;
  width: number;
  isNumeric: boolean;
  isPinned: boolean;
}

export const COLUMN_WIDTH_MIN = 48;
export const COLUMN_WIDTH_MAX = 1200;

/**
 * Widths come from names and types alone, never from rows: nothing moves when the rows arrive.
 * `chosen` are the widths that the reader dragged, by column name.
 */
export function layOut(
  columns: readonly ArrangedColumn[],
  chosen: ReadonlyMap<string, number>,
): ColumnBox[] {
  let x = 0;
  return columns.map(({ info, source, isPinned }, index) => {
    const width = boundedWidth(chosen.get(info.name) ?? naturalWidth(info));
    const box = { info, index, source, x, width, isPinned, isNumeric: isNumericType(info.type) };
    x += width;
    return box;
  });
}

export function boundedWidth(width: number): number {
  return Math.min(Math.max(COLUMN_WIDTH_MIN, Math.round(width)), COLUMN_WIDTH_MAX);
}

export function contentWidth(boxes: readonly ColumnBox[]): number {
  const last = boxes.at(-1);
  return last ? last.x + last.width : 0;
}

/** The boxes that stay at the left. They give way where they would leave no room for the others. */
export function pinnedBoxes(boxes: readonly ColumnBox[], viewport: number): readonly ColumnBox[] {
  const pinned = boxes.filter((box) => box.isPinned);
  return contentWidth(pinned) <= viewport * PINNED_SHARE_MAX ? pinned : [];
}

const PINNED_SHARE_MAX = 0.7;

/** Columns that are at least partly visible, both ends included. */
export function visibleColumns(boxes: readonly ColumnBox[], scroll: number, viewport: number) {
  const first = boxes.findIndex((box) => box.x + box.width > scroll);
  if (first < 0) return { first: 0, last: -1 };
  const beyond = boxes.findIndex((box) => box.x >= scroll + viewport);
  return { first, last: (beyond < 0 ? boxes.length : beyond) - 1 };
}

function naturalWidth({ name, type }: ColumnInfo): number {
  // Room for the sort mark, the menu and the paddings beside the name.
  const forName = Math.min(280, Math.ceil(name.length * 7.6) + 66);
  return Math.max(forName, widthOfType(type));
}

function widthOfType(type: string): number {
  const exact: Record<string, number> = {
    bool: 92,
    int8: 92,
    uint8: 92,
    int16: 96,
    uint16: 96,
    int32: 124,
    uint32: 124,
    // Room for all digits, in fonts of wide ones too.
    int64: 192,
    uint64: 192,
    float16: 100,
    float32: 124,
    float64: 148,
    date32: 116,
    utf8: 168,
    'dictionary<utf8>': 148,
    'time64[us]': 132,
  };
  const known = exact[type];
  if (known !== undefined) return known;
  if (type.startsWith('timestamp')) return widthOfTimestamp(type);
  if (type.startsWith('decimal')) return widthOfDecimal(type);
  if (type.startsWith('list') || type.startsWith('struct')) return 240;
  return 160;
}

/** By the digits of its unit, and the Z of a zone. */
function widthOfTimestamp(type: string): number {
  const [, unit = '', zone] = /^timestamp\[(\w+)(,)?/.exec(type) ?? [];
  const ofUnit: Record<string, number> = { s: 168, ms: 196, us: 218, ns: 240 };
  return (ofUnit[unit] ?? 240) + (zone ? 10 : 0);
}

/** By its precision, the sign and the point. */
function widthOfDecimal(type: string): number {
  const precision = Number(/\((\d+)/.exec(type)?.[1] ?? 18);
  return Math.min(280, Math.max(124, 24 + Math.ceil(8.3 * (precision + 2))));
}
