import type { BowshotError } from '@bowshot/client';
import type { RefObject } from 'react';

import { changeView, type ViewState } from './view-state.js';

/**
 * Ways out of an order that the server does not keep: to do without it, or to sort fewer rows. The
 * server's own words, beside them, say how many it keeps.
 */
export function waysOut(
  error: BowshotError,
  { order, filter }: ViewState,
  filterInput: RefObject<HTMLInputElement | null>,
) {
  if (error.code !== 'out_of_memory' || order.length === 0) return undefined;
  return (
    <>
      <button type="button" onClick={() => filterInput.current?.focus()}>
        {filter === '' ? 'Add a filter' : 'Narrow the filter'}
      </button>
      <button type="button" onClick={() => changeView({ order: [], row: 0 })}>
        Remove the sort
      </button>
    </>
  );
}
