import { expect, test } from 'vitest';

import { fitNumber, fitText } from './fit-text.js';

/** Every character is ten pixels wide. */
const ruler = {
  measureText: (text: string) => ({ width: text.length * 10 }) as TextMetrics,
};

function fitted(text: string, characters: number): string {
  return fitNumber(ruler, text, characters * 10);
}

test('a number that fits is left alone', () => {
  expect(fitted('0.16594947103', 13)).toBe('0.16594947103');
  expect(fitted('-0', 2)).toBe('-0');
});

test('a fraction is rounded to the room there is', () => {
  expect(fitted('0.16594947103', 8)).toBe('0.165949');
  expect(fitted('-1.47243655421', 7)).toBe('-1.4724');
  expect(fitted('1,234.56789', 8)).toBe('1,234.57');
  expect(fitted('2.5451e-12', 8)).toBe('2.55e-12');
  // The carry takes a place: a digit less then.
  expect(fitted('9.99999999', 6)).toBe('10.000');
  expect(fitted('999.9996', 7)).toBe('1,000.0');
});

test('a whole number does without commas where they have no room', () => {
  expect(fitted('-9,223,372,036,854,775,808', 26)).toBe('-9,223,372,036,854,775,808');
  expect(fitted('-9,223,372,036,854,775,808', 25)).toBe('-9223372036854775808');
  expect(fitted('-9,223,372,036,854,775,808', 20)).toBe('-9223372036854775808');
  expect(fitted('-9,223,372,036,854,775,808', 19)).toBe('-9,223,372,036,854…');
});

test('digits beyond those of a float64 are rounded by themselves', () => {
  expect(fitted('123,456,789,012,345,678.98765', 27)).toBe('123,456,789,012,345,678.988');
});

test('what rounding would make another number is cut where it can be seen', () => {
  expect(fitted('-9,223,372,036,854,775,808', 10)).toBe('-9,223,37…');
  expect(fitted('0.00000123456', 8)).toBe('0.00000…');
  expect(fitted('0.00000123456', 9)).toBe('0.000001…');
  expect(fitted('0.00000123456', 10)).toBe('0.00000123');
  expect(fitted('NaN', 2)).toBe('N…');
  expect(fitted('123,456.5', 6)).toBe('123,4…');
});

test('a text ends with an ellipsis', () => {
  expect(fitText(ruler, 'Honolulu', 60)).toBe('Honol…');
  expect(fitText(ruler, 'Honolulu', 80)).toBe('Honolulu');
});
