import { expect, test } from 'vitest';

import {
  aggregateRequest,
  countRequest,
  histogramRequest,
  profileRequest,
  requestBody,
  requestTarget,
  ROW_NUMBER,
  rowsRequest,
  sampleRequest,
  spellName,
  valuesRequest,
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
  expect(requestTarget(rowsRequest('a', { limit: 0 }), { format: 'csv' })).toBe(
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

test('summaries are asked for as the protocol spells them', () => {
  expect(requestTarget(profileRequest('a', { columns: ['x', 'my col'], filter: 'x > 1' }))).toBe(
    '/v1/datasets/a/profile?filter=x%20%3E%201&columns=x%2C%22my%20col%22',
  );
  expect(requestTarget(profileRequest('a', {}))).toBe('/v1/datasets/a/profile');
  expect(requestTarget(valuesRequest('a', { column: '2x', prefix: 'ü', limit: 20 }))).toBe(
    '/v1/datasets/a/values?column=%222x%22&prefix=%C3%BC&limit=20',
  );
  expect(requestTarget(valuesRequest('a', { column: 'x', prefix: '' }))).toBe(
    '/v1/datasets/a/values?column=x',
  );
  const times = { column: 't', bins: 40, min: '2001-01-01', max: '2002-01-01' };
  expect(requestTarget(histogramRequest('a', times))).toBe(
    '/v1/datasets/a/histogram?column=t&bins=40&min=2001-01-01&max=2002-01-01',
  );
  const sample = {
    size: 10,
    seed: 2n ** 64n - 1n,
    select: ['x', ROW_NUMBER],
    by: 'my col',
  } as const;
  expect(requestTarget(sampleRequest('a', sample))).toBe(
    '/v1/datasets/a/sample?size=10&seed=18446744073709551615&select=x%2C_row&by=%22my%20col%22',
  );
  expect(() => sampleRequest('a', { size: -1 })).toThrow(RangeError);
});

test('a download carries its format and its name', () => {
  const request = rowsRequest('a', { filter: 'x > 1' });
  const form = { format: 'parquet', fileName: 'späte flüge.parquet' } as const;
  expect(requestTarget(request, form)).toBe(
    '/v1/datasets/a/rows?filter=x%20%3E%201&format=parquet&download=sp%C3%A4te%20fl%C3%BCge.parquet',
  );
  expect(JSON.parse(requestBody(request, form))).toMatchObject({
    format: 'parquet',
    download: 'späte flüge.parquet',
  });
});
