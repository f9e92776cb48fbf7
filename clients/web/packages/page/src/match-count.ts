import { exactText, type RowWindowState } from '@bowshot/react';

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
    return population === undefined ? undefined : exactText(population);
  }
  if (groupBy.length === 0) return state.rowCountIsExact ? exactText(state.rowCount) : undefined;
  const { groupedRowCount = 0, groupCountIsExact } = state;
  if (groupCountIsExact) return exactText(groupedRowCount);
  return groupedRowCount > 0 ? `more than ${exactText(groupedRowCount)}` : undefined;
}
