import type { AnswerFacts } from '@bowshot/client';
import type { RowWindowState } from '@bowshot/react';
import { expect, test } from 'vitest';

import { sayMatches } from './match-count.js';

const NONE = { sample: undefined, groupBy: [] };
const LOADING = { rowCount: 0, rowCountIsExact: false, groupCountIsExact: false } as RowWindowState;

test('of plain rows it is their number, once they are counted', () => {
  expect(sayMatches(NONE, { ...LOADING, rowCount: 256 })).toBeUndefined();
  expect(sayMatches(NONE, { ...LOADING, rowCount: 1234, rowCountIsExact: true })).toBe('1,234');
});

test('of groups it is the rows in them, and not their lines', () => {
  const view = { ...NONE, groupBy: ['carrier'] };
  const lines = { ...LOADING, rowCount: 6, groupCount: 6, groupedRowCount: 0 };
  expect(sayMatches(view, { ...lines, rowCount: 1, groupCount: 0 })).toBeUndefined();
  const here = { ...lines, groupedRowCount: 4321 };
  expect(sayMatches(view, { ...here, groupCountIsExact: true })).toBe('4,321');
  expect(sayMatches(view, here)).toBe('more than 4,321');
});

test('of a sample it is what it was drawn from, and not its size', () => {
  const view = { ...NONE, sample: { size: 1000, seed: 0 }, groupBy: ['carrier'] };
  const state = { ...LOADING, rowCount: 1000, rowCountIsExact: true };
  expect(sayMatches(view, state)).toBeUndefined();
  const facts = { population: 7654 } as AnswerFacts;
  expect(sayMatches(view, { ...state, facts })).toBe('7,654');
});
