import { spellName, type Bowshot, type DatasetInfo, type Query } from '@bowshot/client';
import { arrange } from '@bowshot/react';

import type { ViewState } from './view-state.js';

/** The rows of a view as one request: filtered, sorted, the columns as they are shown. */
export function viewQuery(bowshot: Bowshot, info: DatasetInfo, view: ViewState): Query {
  const dataset = bowshot.dataset(info.name);
  const shown = arrange(info.columns, view.columns).map((column) => column.info.name);
  const isNatural =
    shown.length === info.columns.length &&
    shown.every((name, index) => name === info.columns[index]?.name);
  const select = isNatural ? undefined : shown;
  const filter = view.filter || undefined;
  if (view.sample) return dataset.sample({ filter, select, ...view.sample });
  return dataset.rows({ filter, select, order: view.order });
}

/** What a view shows first as one request: of groups what they count and measure, else its rows. */
export function shownQuery(bowshot: Bowshot, info: DatasetInfo, view: ViewState): Query {
  const { groupBy, measures, order } = view;
  if (view.sample || groupBy.length === 0) return viewQuery(bowshot, info, view);
  return bowshot.dataset(info.name).aggregate({
    filter: view.filter || undefined,
    by: groupBy.map(spellName),
    measures: [
      'count()',
      ...measures.map(({ column, measure }) => `${measure}(${spellName(column)})`),
    ],
    // Only keys: by what they measure groups are ordered within the one around them.
    order: order.filter(({ column }) => groupBy.some((name) => name === column)),
  });
}
