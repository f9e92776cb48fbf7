import { expect, test } from 'vitest';

import {
  aggregateRequest,
  countRequest,
  requestBody,
  requestTarget,
  ROW_NUMBER,
  rowsRequest,
  spellName,
} from './request.js';

test('names are quoted where they are no identifiers', () => {
  expect(spellName('delay')).toBe('delay');
  expect(spellName('größe.2')).toBe('größe.2');
  expect(spellName('my col')).toBe('"my col"');
  expect(spellName('2x')).toBe('"2x"');
  expect(spellName('a"b,c')).toBe('"a""b,c"');
  expect(spellName('')).toBe('""');
  // A real column of that name; the pseudo-column has a symbol.
  expect(spellName('_row')).toBe('"_row"');
  expect(spellName(ROW_NUMBER)).toBe('_row');
});

test('rows become a URL with everything escaped', () => {
  const request = rowsRequest('flights', {
    filter: "a + b > 1 AND c = 'x&y'",
    select: ['date', 'my col'],
    order: [{ column: 'delay', descending: true }, { column: ROW_NUMBER }],
    offset: 999_999_900,
    limit: 100,
    version: 'v/1',
  });
  expect(requestTarget(request)).toBe(
    "/v1/datasets/flights/rows?filter=a%20%2B%20b%20%3E%201%20AND%20c%20%3D%20'x%26y'" +
      '&version=v%2F1&select=date%2C%22my%20col%22&order=-delay%2C_row&offset=999999900&limit=100',
  );
});

test('what was not asked is not sent', () => {
  const nothing = { filter: ' ', select: [], order: [], offset: 0, limit: undefined };
  expect(requestTarget(rowsRequest('a.b', nothing))).toBe('/v1/datasets/a.b/rows');
  expect(requestTarget(countRequest('a', {}))).toBe('/v1/datasets/a/count');
  expect(requestTarget(rowsRequest('a', { limit: 0 }), 'csv')).toBe(
    '/v1/datasets/a/rows?limit=0&format=csv',
  );
});

test('the body of a POST says the same', () => {
  const request = aggregateRequest('flights', {
    by: ["month:time_bin(date,'1 month')"],
    measures: ['mean(delay)', 'count()'],
    compute: { 'my speed': 'distance / air_time' },
    limit: 10,
  });
  expect(JSON.parse(requestBody(request))).toEqual({
    dataset: 'flights',
    shape: 'aggregate',
    compute: ['"my speed":distance / air_time'],
    by: ["month:time_bin(date,'1 month')"],
    measures: ['mean(delay)', 'count()'],
    limit: 10,
  });
});

test('row numbers that a double cannot hold are refused', () => {
  expect(() => rowsRequest('a', { offset: 2 ** 53 })).toThrow(RangeError);
  expect(() => rowsRequest('a', { limit: -1 })).toThrow(RangeError);
  expect(() => rowsRequest('a', { offset: 1.5 })).toThrow(RangeError);
  expect(rowsRequest('a', { offset: 2 ** 53 - 1 }).parameters['offset']).toBe(9007199254740991);
});
