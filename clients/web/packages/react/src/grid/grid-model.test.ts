import { expect, test } from 'vitest';

import { arrange, NATURAL_ARRANGEMENT } from './column-arrangement.js';
import { contentWidth, layOut, visibleColumns } from './column-layout.js';
import { parseRow } from './go-to-row.js';
import { cellAfterKey } from './keyboard.js';
import {
  clampScroll,
  scrollMax,
  scrollOfThumb,
  scrollToReveal,
  thumbOf,
  visibleRows,
} from './scroll-geometry.js';
import { ariaSortOf, orderAfterClick } from './sort-order.js';

const ROW_HEIGHT = 28;
const BILLION = { content: 1e9 * ROW_HEIGHT, viewport: 600 };

test('the ends of 10^9 rows are reached exactly', () => {
  const end = scrollMax(BILLION);
  expect(visibleRows(end, ROW_HEIGHT, 600, 1e9)).toEqual({ first: 999_999_978, last: 999_999_999 });
  expect(end + 600).toBe(1e9 * ROW_HEIGHT);
  expect(visibleRows(0, ROW_HEIGHT, 600, 1e9)).toEqual({ first: 0, last: 21 });
  expect(visibleRows(0, ROW_HEIGHT, 600, 0)).toEqual({ first: 0, last: -1 });
  expect(visibleRows(0, ROW_HEIGHT, 600, 3)).toEqual({ first: 0, last: 2 });
});

test('one pixel is one pixel, also at the end', () => {
  const end = scrollMax(BILLION);
  expect(clampScroll(end - 1, BILLION)).toBe(end - 1);
  expect(clampScroll(end + 1, BILLION)).toBe(end);
  expect(clampScroll(-1, BILLION)).toBe(0);
  expect(end - (end - 0.25)).toBe(0.25);
});

test('the thumb and the scroll are each other', () => {
  const track = 600;
  const thumb = thumbOf(scrollMax(BILLION), BILLION, track)!;
  expect(thumb.offset + thumb.size).toBe(track);
  expect(scrollOfThumb(thumb.offset, BILLION, track)).toBe(scrollMax(BILLION));
  expect(scrollOfThumb(1e6, BILLION, track)).toBe(scrollMax(BILLION));
  expect(scrollOfThumb(-5, BILLION, track)).toBe(0);
  for (const offset of [0, 1, 100.5, 300, thumb.offset]) {
    const scroll = scrollOfThumb(offset, BILLION, track);
    expect(thumbOf(scroll, BILLION, track)!.offset).toBeCloseTo(offset, 9);
  }
  expect(thumbOf(0, { content: 600, viewport: 600 }, track)).toBeUndefined();
});

test('revealing moves as little as it can', () => {
  expect(scrollToReveal(100, 120, 28, 600)).toBe(100);
  expect(scrollToReveal(100, 50, 28, 600)).toBe(50);
  expect(scrollToReveal(100, 700, 28, 600)).toBe(128);
  expect(scrollToReveal(100, 300, 900, 600)).toBe(300);
});

const BOUNDS = { rowCount: 1e9, columnCount: 5, pageRows: 20 };

function press(key: string, more: Partial<{ ctrlKey: boolean; shiftKey: boolean }> = {}) {
  const keystroke = {
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    ...more,
  };
  return cellAfterKey({ row: 500, column: 2 }, keystroke, BOUNDS);
}

test('keys move as in the grid pattern of ARIA', () => {
  expect(press('ArrowDown')).toEqual({ row: 501, column: 2 });
  expect(press('ArrowUp')).toEqual({ row: 499, column: 2 });
  expect(press('ArrowRight')).toEqual({ row: 500, column: 3 });
  expect(press('ArrowLeft')).toEqual({ row: 500, column: 1 });
  expect(press('PageDown')).toEqual({ row: 519, column: 2 });
  expect(press('PageUp')).toEqual({ row: 481, column: 2 });
  expect(press('Home')).toEqual({ row: 500, column: 0 });
  expect(press('End')).toEqual({ row: 500, column: 4 });
  expect(press('Home', { ctrlKey: true })).toEqual({ row: 0, column: 0 });
  expect(press('End', { ctrlKey: true })).toEqual({ row: 999_999_999, column: 4 });
  expect(press('ArrowDown', { ctrlKey: true })).toEqual({ row: 999_999_999, column: 2 });
  expect(press('a')).toBeUndefined();
  // With Shift a key leads to the same cell: the selection is extended to it.
  expect(press('ArrowDown', { shiftKey: true })).toEqual({ row: 501, column: 2 });
});

test('a click sorts up, then down, then not', () => {
  const once = orderAfterClick([], 'delay');
  const twice = orderAfterClick(once, 'delay');
  expect([once, twice, orderAfterClick(twice, 'delay')]).toEqual([
    [{ column: 'delay' }],
    [{ column: 'delay', descending: true }],
    [],
  ]);
  expect(orderAfterClick(twice, 'date')).toEqual([{ column: 'date' }]);
  expect(ariaSortOf(twice, 'delay')).toBe('descending');
  expect(ariaSortOf(twice, 'date')).toBe('none');
});

test('columns lie side by side, and only the visible ones are drawn', () => {
  const columns = ['a', 'b', 'c'].map((name) => ({ name, type: 'int64', nullable: false }));
  const arranged = arrange(columns, NATURAL_ARRANGEMENT);
  const boxes = layOut(arranged, new Map([['b', 50]]));
  expect(boxes[2]?.x).toBe(boxes[0]!.width + 50);
  expect(contentWidth(boxes)).toBe(boxes[2]!.x + boxes[2]!.width);
  expect(visibleColumns(boxes, 0, 10)).toEqual({ first: 0, last: 0 });
  expect(visibleColumns(boxes, boxes[1]!.x, 51)).toEqual({ first: 1, last: 2 });
  expect(visibleColumns([], 0, 10)).toEqual({ first: 0, last: -1 });
});

test('a column of numbers has room for all digits that its type may have', () => {
  const digits = { int8: 4, int64: 20, uint64: 20, 'decimal128(18, 2)': 20 };
  // Of a font with wide digits, at the default size.
  const room = (count: number) => count * 8.3 + 24;
  for (const [type, count] of Object.entries(digits)) {
    const [box] = layOut(
      arrange([{ name: 'a', type, nullable: false }], NATURAL_ARRANGEMENT),
      new Map(),
    );
    expect(box!.width, type).toBeGreaterThanOrEqual(room(count));
  }
});

test('a column of times has room for the digits of its unit', () => {
  const characters = { 'timestamp[s]': 19, 'timestamp[us]': 26, 'timestamp[ns, tz=UTC]': 30 };
  for (const [type, count] of Object.entries(characters)) {
    const [box] = layOut(
      arrange([{ name: 'a', type, nullable: false }], NATURAL_ARRANGEMENT),
      new Map(),
    );
    // Points and colons are narrow.
    expect(box!.width, type).toBeGreaterThanOrEqual(count * 7.4 + 24);
  }
});

test('row numbers are read as people write them', () => {
  expect(parseRow('999,999,999', 1e9)).toBe(999_999_999);
  expect(parseRow(' 1_000 ', 1e9)).toBe(1000);
  expect(parseRow('-1', 1e9)).toBe(999_999_999);
  expect(parseRow('1000000000', 1e9)).toBeUndefined();
  expect(parseRow('0', 0)).toBeUndefined();
  expect(parseRow('1e9', 1e10)).toBeUndefined();
  expect(parseRow('', 5)).toBeUndefined();
});
