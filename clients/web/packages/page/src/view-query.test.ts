// @vitest-environment happy-dom
import { connect } from '@bowshot/client';
import { NATURAL_ARRANGEMENT } from '@bowshot/react';
import { expect, test } from 'vitest';

import { EMPTY_VIEW, type ViewState } from './view-state.js';
import { shownQuery, viewQuery } from './view-query.js';

const bowshot = connect('http://server');
const column = (name: string) => ({ name, type: 'int64', nullable: false });
const INFO = {
  name: 'flights',
  version: 'v1',
  rows: 1,
  bytes: 0,
  rowNumbers: true,
  source: { kind: 'parquet' },
  columns: ['a', 'b', 'my col'].map(column),
  views: [],
};
const VIEW: ViewState = {
  ...EMPTY_VIEW,
  dataset: 'flights',
  filter: 'a > 1',
  order: [{ column: 'b', descending: true }, { column: 'a' }],
};

test('rows are asked for as they are shown', () => {
  const columns = { ...NATURAL_ARRANGEMENT, hidden: ['a'], pinned: ['my col'] };
  expect(viewQuery(bowshot, INFO, { ...VIEW, columns }).request).toEqual({
    dataset: 'flights',
    shape: 'rows',
    parameters: { filter: 'a > 1', select: ['"my col"', 'b'], order: ['-b', 'a'] },
  });
  expect(shownQuery(bowshot, INFO, VIEW).request).toEqual(viewQuery(bowshot, INFO, VIEW).request);
});

test('of groups what they count and measure is shown, and their rows are exported', () => {
  const view: ViewState = {
    ...VIEW,
    groupBy: ['a', 'my col'],
    measures: [{ column: 'b', measure: 'mean' }],
  };
  expect(shownQuery(bowshot, INFO, view).request).toEqual({
    dataset: 'flights',
    shape: 'aggregate',
    parameters: {
      filter: 'a > 1',
      by: ['a', '"my col"'],
      measures: ['count()', 'mean(b)'],
      order: ['a'],
    },
  });
  expect(viewQuery(bowshot, INFO, view).request.shape).toBe('rows');
  const sampled = { ...view, sample: { size: 10, seed: 0 } };
  expect(shownQuery(bowshot, INFO, sampled).request.shape).toBe('sample');
});
