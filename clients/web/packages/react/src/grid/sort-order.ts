import type { OrderBy } from '@bowshot/client';

/** The order after a click on a column's header: ascending, descending, none. */
export function orderAfterClick(order: readonly OrderBy[], column: string): OrderBy[] {
  const current = order.find((item) => item.column === column);
  if (!current) return [{ column }];
  return current.descending ? [] : [{ column, descending: true }];
}

export function ariaSortOf(
  order: readonly OrderBy[],
  column: string,
): 'ascending' | 'descending' | 'none' {
  const current = order.find((item) => item.column === column);
  if (!current) return 'none';
  return current.descending ? 'descending' : 'ascending';
}
