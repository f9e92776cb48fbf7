import type { ColumnCondition } from '@bowshot/client';
import { expect, test } from 'vitest';

import { boundLiteral, changedRange, lowerPosition, rangeText, upperPosition } from './bounds.js';

const TIME = 'timestamp[us]';

function range(lower: string | undefined, upper: string | undefined, isInclusive = true) {
  return {
    kind: 'range',
    lower: lower === undefined ? undefined : { literal: lower, isInclusive },
    upper: upper === undefined ? undefined : { literal: upper, isInclusive },
  } satisfies ColumnCondition;
}

test('both ends are within, and an empty text is open', () => {
  expect(changedRange(undefined, { from: '1,000', to: '' }, 'int64')).toEqual(
    range('1000', undefined),
  );
  expect(changedRange(undefined, { from: '-.5', to: '2e3' }, 'float64')).toEqual(
    range('-.5', '2e3'),
  );
  expect(changedRange(range('1', '2'), { from: '', to: '' }, 'int64')).toBeUndefined();
  expect(changedRange(undefined, { from: '1', to: 'two' }, 'int64')).toBe('wrong');
});

test('a bound that is not touched stays as the filter has it', () => {
  const condition = range('10', '60', false);
  expect(rangeText(condition, 'int64')).toEqual({ from: '10', to: '60' });
  expect(changedRange(condition, { from: '20', to: '60' }, 'int64')).toEqual({
    kind: 'range',
    lower: { literal: '20', isInclusive: true },
    upper: { literal: '60', isInclusive: false },
  });
});

test('a day is the whole of it, however often the other end is changed', () => {
  const days = { from: '2001-01-01', to: '2001-01-31' };
  const january = {
    kind: 'range',
    lower: { literal: "DATE('2001-01-01')", isInclusive: true },
    upper: { literal: "DATE('2001-02-01')", isInclusive: false },
  } as const;
  expect(changedRange(undefined, days, TIME)).toEqual(january);
  expect(rangeText(january, TIME)).toEqual(days);
  const later = changedRange(january, { ...days, from: '2001-01-15' }, TIME);
  expect(later).toEqual({ ...january, lower: { ...january.lower, literal: "DATE('2001-01-15')" } });
  expect(rangeText(later as ColumnCondition, TIME)).toEqual({ ...days, from: '2001-01-15' });
  // A date has no time of day.
  expect(changedRange(undefined, days, 'date32')).toEqual(
    range("DATE('2001-01-01')", "DATE('2001-01-31')"),
  );
});

test('on the axis a day ends at its end', () => {
  const begin = Date.UTC(2001, 0, 3);
  expect(lowerPosition('2001-01-03', TIME)).toBe(begin);
  expect(upperPosition('2001-01-03', TIME)).toBe(Date.UTC(2001, 0, 4) - 1);
  expect(upperPosition('2001-01-03 00:00', TIME)).toBe(begin);
  expect(upperPosition('2001-01-03', 'date32')).toBe(begin);
  expect(upperPosition('1,000', 'int64')).toBe(1000);
  expect([upperPosition('', TIME), upperPosition('x', TIME)]).toEqual([undefined, undefined]);
});

test('one value is a range of its own', () => {
  const condition = { kind: 'values', literals: ['5'], hasNull: false } as const;
  expect(rangeText(condition, 'int64')).toEqual({ from: '5', to: '5' });
  expect(changedRange(condition, { from: '5', to: '7' }, 'int64')).toEqual(range('5', '7'));
});

test('times are read as they are written, in UTC', () => {
  expect(boundLiteral('2001-02-03 04:05', TIME)).toBe("TIMESTAMP('2001-02-03T04:05:00Z')");
  expect(boundLiteral('2001-02-03T04:05:06.5Z', TIME)).toBe("TIMESTAMP('2001-02-03T04:05:06.5Z')");
  expect(boundLiteral('2001-13-03', TIME)).toBeUndefined();
});
