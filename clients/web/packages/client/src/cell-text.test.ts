import { Binary, Int32, List, Field, Utf8, tableFromIPC, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';

import { recorded } from '../test/recorded.js';
import { cellText, groupDigits, isNumericType, plainText, wholeText } from './cell-text.js';
import { calendarDate, durationText, isoInstant } from './time-text.js';

const table = tableFromIPC(recorded('types'));

/** What fixtures/generate.py wrote, as a person reads it. The third value is null everywhere. */
const EXPECTED: Record<string, [string | null, string | null]> = {
  bool: ['true', 'false'],
  int8: ['1', '-128'],
  int16: ['1', '-32,768'],
  int32: ['1', '-2,147,483,648'],
  int64: ['1', '-9,223,372,036,854,775,808'],
  uint8: ['1', '255'],
  uint16: ['1', '65,535'],
  uint32: ['1', '4,294,967,295'],
  uint64: ['1', '18,446,744,073,709,551,615'],
  float16: ['0.099976', '-65,504'],
  float32: ['0.1', 'NaN'],
  float64: ['0.1', '-Infinity'],
  utf8: ['Zürich', 'a↵b'],
  binary: ['00 ff', ''],
  date32: ['2026-11-22', '0001-01-01'],
  'time64[us]': ['10:00:00.250', '00:00:00'],
  'timestamp[s]': ['2026-11-22 10:00:00', '1969-12-31 23:59:59'],
  'timestamp[us]': ['2026-11-22 10:00:00.500', null],
  'timestamp[ns]': ['1970-01-01 00:00:00.000000001', '1969-12-31 23:59:59.999999999'],
  'timestamp[us, tz=UTC]': ['2026-11-22 10:00:00.500Z', null],
  'duration[ms]': ['1d 02:03:04.500', '-00:00:00.001'],
  'decimal128(20, 3)': ['12,345.678', '-0.001'],
  'list<int32>': ['[1, null, 3]', '[]'],
  'struct<a: int32, b: utf8>': ['{a: 1, b: "x, y"}', '{a: null, b: null}'],
  'dictionary<utf8>': ['low', 'high'],
};

test('every type of the protocol has an expected text', () => {
  expect(table.schema.fields.map(({ name }) => name)).toEqual(Object.keys(EXPECTED));
});

test.each(Object.entries(EXPECTED))('%s', (name, [first, second]) => {
  const vector = table.getChild(name)!;
  expect([0, 1, 2].map((index) => cellText(vector, index))).toEqual([first, second, null]);
});

test('the clipboard gets numbers without groups, and whole text', () => {
  expect(plainText(table.getChild('int64')!, 1)).toBe('-9223372036854775808');
  expect(plainText(table.getChild('decimal128(20, 3)')!, 0)).toBe('12345.678');
  expect(plainText(table.getChild('utf8')!, 1)).toBe('a\nb');
  expect(plainText(table.getChild('utf8')!, 2)).toBe('');
});

test('a cell that is read, and one that is copied, are whole; one that is drawn is cut', () => {
  const numbers = Array.from({ length: 2000 }, (_, index) => index);
  const list = vectorFromArray([numbers], new List(new Field('item', new Int32(), true)));
  const bytes = vectorFromArray([new Uint8Array(1000).fill(255)], new Binary());
  const lines = vectorFromArray(['line\n'.repeat(1000), null], new Utf8());
  expect(cellText(list, 0)!.length).toBeLessThan(600);
  expect(cellText(list, 0)).toMatch(/, …\]$/);
  expect(wholeText(list, 0)).toMatch(/1998, 1999\]$/);
  expect(plainText(list, 0)).toBe(wholeText(list, 0));
  expect(cellText(bytes, 0)!.length).toBeLessThan(600);
  expect(wholeText(bytes, 0)).toBe(Array(1000).fill('ff').join(' '));
  expect(cellText(lines, 0)).toHaveLength(501);
  expect(wholeText(lines, 0)).toBe('line\n'.repeat(1000));
  expect(wholeText(lines, 1)).toBeNull();
});

test('slices and several chunks keep their places', () => {
  const numbers = tableFromIPC(recorded('numbers'));
  const slice = numbers.slice(4090, 4100);
  expect(cellText(slice.getChild('id')!, 0)).toBe('4090');
  expect(cellText(slice.getChild('id')!, 9)).toBe('4099');
  expect(cellText(slice.getChild('text')!, 9)).toBe('row 4099');
});

test('digits are grouped, but not those of a year', () => {
  const texts = ['0', '1999', '1999.5', '10000', '-1234567.125', 'NaN'];
  expect(texts.map(groupDigits)).toEqual([
    '0',
    '1999',
    '1,999.5',
    '10,000',
    '-1,234,567.125',
    'NaN',
  ]);
});

test('numeric types are those with numbers', () => {
  const types = ['int64', 'uint8', 'float16', 'decimal128(3, 1)', 'utf8', 'bool', 'list<int32>'];
  expect(types.map(isNumericType)).toEqual([true, true, true, true, false, false, false]);
});

test('dates agree with the calendar of Date over its whole range', () => {
  for (let day = -100_000_000; day <= 100_000_000; day += 99_991) {
    const iso = new Date(day * 86_400_000).toISOString().split('T')[0];
    expect(calendarDate(BigInt(day))).toBe(iso);
  }
});

test('instants reach the ends of int64', () => {
  expect(isoInstant(2n ** 63n - 1n, 1_000_000_000n)).toBe('2262-04-11 23:47:16.854775807');
  expect(isoInstant(-(2n ** 63n), 1_000_000_000n)).toBe('1677-09-21 00:12:43.145224192');
  expect(durationText(-(2n ** 63n), 1_000_000n)).toBe('-106751991d 04:00:54.775808');
});
