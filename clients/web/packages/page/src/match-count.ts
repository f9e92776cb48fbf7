import type { RowWindowState } from '@bowshot/react';

import { exactCount } from './number-text.js';
import type { ViewState } from './view-state.js';

/**
 * How many rows the filter keeps, however they are shown: `1,234`, or `more than 1,234` where not all
 * groups are here; undefined until it is known.
 */
export function sayMatches(
  { sample, groupBy }: Pick<ViewState, 'sample' | 'groupBy'>,
  state: RowWindowState,
): string | undefined {
  if (sample) {
    const population = state.facts?.population;
    return population === undefined ? undefined : exactCount(population);
  }
  if (groupBy.length === 0) return state.rowCountIsExact ? exactCount(state.rowCount) : undefined;
  const { groupedRowCount = 0, groupCountIsExact } = state;
  if (groupCountIsExact) return exactCount(groupedRowCount);
  return groupedRowCount > 0 ? `more than ${exactCount(groupedRowCount)}` : undefined;
}
