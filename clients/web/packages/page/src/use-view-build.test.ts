import type { ViewStatus } from '@bowshot/client';
import { expect, test } from 'vitest';

import { sayBuild } from './build-line.js';
import { statusOf } from './use-view-build.js';

const BUILDING = { state: 'building', rows: 0, progress: 0.427 } as const;
const counts: ViewStatus = { ...BUILDING, kind: 'filter' };
const matches: ViewStatus = { ...BUILDING, kind: 'matches' };
const order: ViewStatus = { ...BUILDING, kind: 'order', order: '-delay', isFiltered: true };
const byDelay = [{ column: 'delay', descending: true }];

test('of a filter its count is told, then its matches, and nothing that is there', () => {
  const view = { filter: 'delay > 60', order: [] };
  expect(statusOf([matches, counts], view)).toBe(counts);
  expect(statusOf([{ ...counts, state: 'ready' }, matches], view)).toBe(matches);
  expect(statusOf([{ ...matches, state: 'failed' }], view)).toBeUndefined();
  // What others filter is no affair of plain rows.
  expect(statusOf([matches, counts], { filter: '', order: [] })).toBeUndefined();
});

test('of an order its own build is told, and before there is one its filter', () => {
  const view = { filter: 'delay > 60', order: byDelay };
  expect(statusOf([counts, order], view)).toBe(order);
  expect(statusOf([counts, { ...order, isFiltered: false }], view)).toBe(counts);
  expect(statusOf([counts], { filter: '', order: byDelay })).toBeUndefined();
  const ready: ViewStatus = { ...order, state: 'ready' };
  expect(statusOf([counts, ready], view)).toBe(ready);
});

test('what is built is said with how far it is', () => {
  expect([counts, matches, order].map(sayBuild)).toEqual([
    'counting… 42 %',
    'matching… 42 %',
    'sorting… 42 %',
  ]);
  expect(sayBuild({ ...matches, progress: 0 })).toBe('matching…');
});
