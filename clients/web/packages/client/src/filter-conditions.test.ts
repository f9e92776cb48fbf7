import { expect, test } from 'vitest';

import {
  columnConditions,
  spellCondition,
  withCondition,
  type ColumnCondition,
} from './filter-conditions.js';

const inclusive = (literal: string) => ({ literal, isInclusive: true });
const exclusive = (literal: string) => ({ literal, isInclusive: false });

/** Conditions on `x`, and how they are written. */
const WRITTEN: [ColumnCondition, string][] = [
  [
    { kind: 'range', lower: inclusive('-1.5e3'), upper: inclusive('20') },
    'x BETWEEN -1.5e3 AND 20',
  ],
  [{ kind: 'range', lower: inclusive('1'), upper: exclusive('20') }, 'x >= 1 AND x < 20'],
  [{ kind: 'range', lower: exclusive('1') }, 'x > 1'],
  [{ kind: 'range', upper: inclusive("DATE('2001-01-31')") }, "x <= DATE('2001-01-31')"],
  [{ kind: 'values', literals: ["'it''s'"], hasNull: false }, "x = 'it''s'"],
  [{ kind: 'values', literals: ["'a'", "'b, (c'"], hasNull: false }, "x IN ('a', 'b, (c')"],
  [{ kind: 'values', literals: ["'a'", "'b'"], hasNull: true }, "(x IN ('a', 'b') OR x IS NULL)"],
  [{ kind: 'values', literals: ['TRUE'], hasNull: true }, '(x = TRUE OR x IS NULL)'],
  [{ kind: 'text', match: 'contains', text: "50%_\\'" }, "CASEI(x) LIKE CASEI('%50\\%\\_\\\\''%')"],
  [{ kind: 'text', match: 'starts', text: 'new' }, "CASEI(x) LIKE CASEI('new%')"],
  [{ kind: 'null', isNull: true }, 'x IS NULL'],
  [{ kind: 'null', isNull: false }, 'x IS NOT NULL'],
];

test.each(WRITTEN)('%j is written and read back', (condition, text) => {
  expect(spellCondition('x', condition)).toBe(text);
  expect(columnConditions(text)).toEqual(new Map([['x', condition]]));
  expect(columnConditions(`y = 1 AND ${text} AND z BETWEEN 1 AND 2`).get('x')).toEqual(condition);
});

test('a boolean column by itself is a condition on it', () => {
  const conditions = columnConditions('is_late AND NOT "is open" AND x > 1');
  expect(conditions.get('is_late')).toEqual({ kind: 'values', literals: ['TRUE'], hasNull: false });
  expect(conditions.get('is open')).toEqual({
    kind: 'values',
    literals: ['FALSE'],
    hasNull: false,
  });
  expect(withCondition('NOT is_late AND x > 1', 'is_late', undefined)).toBe('x > 1');
  expect(columnConditions('TRUE AND NOT NULL').size).toBe(0);
});

test('a condition is put among the others, replaced where it stands, and taken out', () => {
  const range: ColumnCondition = { kind: 'range', lower: inclusive('5') };
  expect(withCondition('', 'delay', range)).toBe('delay >= 5');
  expect(withCondition("origin = 'ATL'", 'delay', range)).toBe("origin = 'ATL' AND delay >= 5");
  const three = "a = 1 AND delay > 1 AND delay < 9 AND b LIKE 'x%'";
  expect(withCondition(three, 'delay', range)).toBe("a = 1 AND delay >= 5 AND b LIKE 'x%'");
  expect(withCondition(three, 'delay', undefined)).toBe("a = 1 AND b LIKE 'x%'");
  expect(withCondition('delay BETWEEN 1 AND 2', 'delay', undefined)).toBe('');
});

test('what a form cannot show stays as it was written', () => {
  const filter = 'NOT delay = 1 AND delay + 1 > 2 AND (delay = 1 OR a = 2)';
  expect(columnConditions(filter).size).toBe(0);
  expect(withCondition(filter, 'delay', { kind: 'null', isNull: false })).toBe(
    `${filter} AND delay IS NOT NULL`,
  );
});

test('an OR at the top is kept together', () => {
  const either = "a = 1 OR b = 'x AND y'";
  const both = withCondition(either, 'c', { kind: 'null', isNull: true });
  expect(both).toBe(`(${either}) AND c IS NULL`);
  expect(withCondition(both!, 'c', undefined)).toBe(either);
  expect(withCondition('(a = 1) OR (b = 2)', 'c', undefined)).toBe('(a = 1) OR (b = 2)');
});

test('names are quoted where they must be, and found under their quotes', () => {
  const condition: ColumnCondition = { kind: 'values', literals: ['1'], hasNull: false };
  expect(spellCondition('my "col"', condition)).toBe('"my ""col""" = 1');
  expect(columnConditions('"my ""col""" = 1').get('my "col"')).toEqual(condition);
  expect(spellCondition('and', condition)).toBe('"and" = 1');
  expect(columnConditions('größe.2 = 1').has('größe.2')).toBe(true);
});

test.each(["a = 'open", 'a = "open', '(a = 1', 'a = 1)', 'a = 1 AND', 'AND a = 1'])(
  'broken text is left alone: %s',
  (filter) => {
    expect(withCondition(filter, 'x', { kind: 'null', isNull: true })).toBeUndefined();
    expect(columnConditions(filter).size).toBe(0);
  },
);
