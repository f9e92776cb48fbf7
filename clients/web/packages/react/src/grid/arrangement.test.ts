import { expect, test } from 'vitest';

import {
  arrange,
  hideColumn,
  moveColumn,
  NATURAL_ARRANGEMENT,
  pinColumn,
  showColumn,
  type ColumnArrangement,
} from './column-arrangement.js';
import { Selection } from './selection.js';
import { canSort, orderAfterClick, orderWith, sortRank } from './sort-order.js';

const COLUMNS = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, type: 'int64', nullable: false }));

function shown(arrangement: ColumnArrangement): string {
  return arrange(COLUMNS, arrangement)
    .map(({ info }) => info.name)
    .join('');
}

test('columns move anywhere, and the arrangement names no more of them than it must', () => {
  for (const { name } of COLUMNS) {
    for (const before of ['a', 'b', 'c', 'd', 'e', undefined]) {
      const moved = moveColumn(COLUMNS, NATURAL_ARRANGEMENT, name, before);
      const rest = 'abcde'.replace(name, '');
      const at = before === undefined || before === name ? -1 : rest.indexOf(before);
      const expected =
        before === name
          ? 'abcde'
          : at < 0
            ? rest + name
            : rest.slice(0, at) + name + rest.slice(at);
      expect(shown(moved)).toBe(expected);
      if (expected === 'abcde') expect(moved.first).toEqual([]);
    }
  }
  expect(moveColumn(COLUMNS, NATURAL_ARRANGEMENT, 'c', 'a').first).toEqual(['c']);
  expect(moveColumn(COLUMNS, NATURAL_ARRANGEMENT, 'a', 'c').first).toEqual(['b']);
});

test('hidden columns come back to their places, pinned ones stand first', () => {
  const hidden = hideColumn(moveColumn(COLUMNS, NATURAL_ARRANGEMENT, 'e', 'b'), 'e');
  expect(shown(hidden)).toBe('abcd');
  expect(shown(showColumn(hidden, 'e'))).toBe('aebcd');
  const pinned = pinColumn(NATURAL_ARRANGEMENT, 'd', true);
  expect(shown(pinned)).toBe('dabce');
  expect(shown(pinColumn(pinned, 'd', false))).toBe('abcde');
  // Dropped among the pinned ones a column is pinned, too.
  const both = moveColumn(COLUMNS, pinned, 'b', 'd');
  expect(shown(both)).toBe('bdace');
  expect(both.pinned).toContain('b');
  expect(arrange(COLUMNS, both).map(({ source }) => source)).toEqual([1, 3, 0, 2, 4]);
});

test('names that the dataset has no more are left out', () => {
  const old = { ...NATURAL_ARRANGEMENT, first: ['gone', 'c'], hidden: ['gone too'] };
  expect(shown(old)).toBe('cabde');
});

test('Shift adds to the order, turns in place, and takes out', () => {
  const one = orderAfterClick([], 'a');
  const two = orderAfterClick(one, 'b', true);
  expect(two).toEqual([{ column: 'a' }, { column: 'b' }]);
  const turned = orderAfterClick(two, 'a', true);
  expect(turned).toEqual([{ column: 'a', descending: true }, { column: 'b' }]);
  expect(orderAfterClick(turned, 'a', true)).toEqual([{ column: 'b' }]);
  expect(orderAfterClick(two, 'b')).toEqual([{ column: 'b', descending: true }]);
  expect([sortRank(two, 'a'), sortRank(two, 'b'), sortRank(one, 'a')]).toEqual([1, 2, undefined]);
  expect(orderWith(two, 'a', true, true)).toEqual([
    { column: 'a', descending: true },
    { column: 'b' },
  ]);
  expect(orderWith(two, 'c', false, false)).toEqual([{ column: 'c' }]);
});

test('what has no order is not sorted by', () => {
  const sortable = (type: string) => canSort({ name: 'a', type, nullable: true });
  expect(['int64', 'utf8', 'binary', 'bool', 'timestamp[us]'].every(sortable)).toBe(true);
  expect(['list<int32>', 'struct<a: int64, b: utf8>'].some(sortable)).toBe(false);
});

test('a selection spans its anchor and the active cell, or everything', () => {
  const bounds = { rowCount: 1e9, columnCount: 5, pageRows: 20 };
  const back = Selection.at({ row: 9, column: 3 }).extendedTo({ row: 4, column: 1 });
  expect(back.range).toEqual({ firstRow: 4, lastRow: 9, firstColumn: 1, lastColumn: 3 });
  expect(back.isOneCell).toBe(false);
  const all = Selection.all({ row: 7, column: 2 }, bounds);
  expect(all.range?.lastRow).toBe(999_999_999);
  expect(all.active).toEqual({ row: 7, column: 2 });
  expect(all.extendedTo({ row: 8, column: 2 }).range?.lastRow).toBe(8);
  expect(back.clamped({ ...bounds, rowCount: 6 }).range?.lastRow).toBe(5);
  expect(back.clamped({ ...bounds, rowCount: 0 }).range).toBeUndefined();
});
