import type { Table } from 'apache-arrow';

import { cellLiteral } from './cell-literal.js';
import { cellText } from './cell-text.js';
import type { Dataset } from './client.js';
import { ROW_NUMBER, spellName, type OrderBy } from './request.js';
import type { RowsView } from './row-window.js';

/** A row by its number, with the values that it is ordered by. */
export interface MarkedRow {
  rowNumber: number;
  table: Table;
  index: number;
}

/** Where rows stand in another view. */
export interface FoundRows {
  /** Rows of the view that stand before the first marked row. */
  before: number;
  /** The second marked row's place; undefined where the view does not keep it. */
  active: number | undefined;
}

/**
 * Where rows of one view stand in another one, from one request: how many rows the view has before
 * each, which is their place where it keeps them. Undefined where that cannot be asked: the row's
 * values have no literal.
 */
export async function findRows(
  dataset: Dataset,
  view: RowsView,
  version: string,
  { top, active }: { top: MarkedRow; active: MarkedRow | undefined },
  signal: AbortSignal,
): Promise<FoundRows | undefined> {
  const order = view.order ?? [];
  const beforeTop = precedes(order, top);
  const beforeActive = active ? precedes(order, active) : 'FALSE';
  if (beforeTop === undefined || beforeActive === undefined) return undefined;
  const isActive = active ? `_row = ${active.rowNumber}` : 'FALSE';
  const query = dataset.aggregate({
    filter: view.filter,
    compute: {
      ...view.compute,
      bowshot_before_top: beforeTop,
      bowshot_before_active: beforeActive,
      bowshot_is_active: isActive,
    },
    version,
    by: ['bowshot_before_top', 'bowshot_before_active', 'bowshot_is_active'],
    measures: ['rows:count()'],
  });
  const table = await query.table({ signal });
  const rowsWhere = (name: string) => {
    const flags = table.getChild(name);
    const counts = table.getChild('rows');
    let rows = 0;
    for (let index = 0; index < table.numRows; ++index) {
      if (flags?.get(index) === true) rows += Number(counts?.get(index));
    }
    return rows;
  };
  const hasActive = active !== undefined && rowsWhere('bowshot_is_active') > 0;
  return {
    before: rowsWhere('bowshot_before_top'),
    active: hasActive ? rowsWhere('bowshot_before_active') : undefined,
  };
}

/**
 * The predicate of all rows that stand before one in an order: nulls last both ways, ties by number.
 * `(a > 5 OR (a = 5 AND _row < 17))`
 */
export function precedes(order: readonly OrderBy[], row: MarkedRow): string | undefined {
  const [first, ...rest] = order;
  if (!first) return `_row < ${row.rowNumber}`;
  const { column, descending = false } = first;
  const name = spellName(column);
  const vector = column === ROW_NUMBER ? null : row.table.getChild(column);
  const inner = precedes(rest, row);
  if (!vector || inner === undefined) return undefined;
  if (cellText(vector, row.index) === null) {
    return `(${name} IS NOT NULL OR (${name} IS NULL AND ${inner}))`;
  }
  const literal = cellLiteral(vector, row.index);
  if (literal === undefined) return undefined;
  return `(${name} ${descending ? '>' : '<'} ${literal} OR (${name} = ${literal} AND ${inner}))`;
}
