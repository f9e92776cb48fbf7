import type { ViewStatus } from '@bowshot/client';
import { expect, test } from 'vitest';

import { sayBuild } from './build-line.js';
import { statusOf } from './use-view-build.js';

const BUILDING = { state: 'building', rows: 0, progress: 0.427 } as const;
const counts: ViewStatus = { ...BUILDING, kind: 'filter' };
const matches: ViewStatus = { ...BUILDING, kind: 'matches' };
const order: ViewStatus = { ...BUILDING, kind: 'order', order: '-delay', isFiltered: true };
const byDelay = [{ column: 'delay', descending: true }];

const ALL = { count: true, rows: true };
const NOTHING = { count: false, rows: false };

test('of a filter its count is told, then its matches, and nothing that is there', () => {
  const view = { filter: 'delay > 60', order: [] };
  expect(statusOf([matches, counts], view, ALL)).toBe(counts);
  expect(statusOf([{ ...counts, state: 'ready' }, matches], view, ALL)).toBe(matches);
  expect(statusOf([{ ...matches, state: 'failed' }], view, ALL)).toBeUndefined();
  // What others filter is no affair of plain rows.
  expect(statusOf([matches, counts], { filter: '', order: [] }, ALL)).toBeUndefined();
});

test("what others filter is not taken for the reader's own", () => {
  const view = { filter: 'delay > 60', order: [] };
  expect(statusOf([matches, counts], view, NOTHING)).toBeUndefined();
  expect(statusOf([matches, counts], view, { count: false, rows: true })).toBe(matches);
  expect(statusOf([counts], view, { count: false, rows: true })).toBeUndefined();
  // Either may be the reader's: that one is built is true of both, how far it is not.
  const other = { ...counts, progress: 0.9 };
  expect(statusOf([counts, other], view, ALL)).toEqual({ ...counts, progress: 0 });
  const sorted = { filter: 'delay > 60', order: byDelay };
  expect(statusOf([order, { ...order, state: 'failed' }], sorted, NOTHING)).toBeUndefined();
});

test('of an order its own build is told, and before there is one its filter', () => {
  const view = { filter: 'delay > 60', order: byDelay };
  expect(statusOf([counts, order], view, ALL)).toBe(order);
  expect(statusOf([counts, { ...order, isFiltered: false }], view, ALL)).toBe(counts);
  expect(statusOf([counts], { filter: '', order: byDelay }, ALL)).toBeUndefined();
  const ready: ViewStatus = { ...order, state: 'ready' };
  expect(statusOf([counts, ready], view, NOTHING)).toBe(ready);
});

test('what is built is said with how far it is', () => {
  expect([counts, matches, order].map(sayBuild)).toEqual([
    'counting… 42 %',
    'matching… 42 %',
    'sorting… 42 %',
  ]);
  expect(sayBuild({ ...matches, progress: 0 })).toBe('matching…');
});
