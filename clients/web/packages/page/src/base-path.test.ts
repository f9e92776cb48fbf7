import { expect, test } from 'vitest';

import { basePath } from './base-path.js';

test('the server is where the page is, behind any prefix', () => {
  expect(basePath('http://host:8765/')).toBe('');
  expect(basePath('http://host/#/flights?order=a/b')).toBe('');
  expect(basePath('https://host/api/bowshot/?x=/y/#z')).toBe('/api/bowshot');
  expect(basePath('https://host/api/bowshot/index.html')).toBe('/api/bowshot');
});
