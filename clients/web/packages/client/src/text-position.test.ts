import { expect, test } from 'vitest';

import { stringIndex, tokenEnd } from './text-position.js';

test('byte offsets become string indexes over every width of character', () => {
  const text = 'aéz€😀b';
  const encoder = new TextEncoder();
  for (let index = 0; index <= text.length; ++index) {
    // Not into the middle of a surrogate pair, which has no bytes of its own.
    if (index === 5) continue;
    expect(stringIndex(text, encoder.encode(text.slice(0, index)).length)).toBe(index);
  }
  expect(stringIndex(text, 2)).toBe(1);
  expect(stringIndex(text, 1000)).toBe(text.length);
  expect(stringIndex('', 0)).toBe(0);
});

test.each([
  ['delay > 60', 0, 'delay'],
  ['"my ""col" > 60', 0, '"my ""col"'],
  ["x = 'it''s' AND", 4, "'it''s'"],
  ['a >= 1.5e-3', 5, '1.5e-3'],
  ['a >= 1', 2, '>='],
  ['größe = 1', 0, 'größe'],
  ['a ? b', 2, '?'],
  ['a', 1, ''],
])('%s at %i: %s', (text, start, token) => {
  expect(text.slice(start, tokenEnd(text, start))).toBe(token);
});
