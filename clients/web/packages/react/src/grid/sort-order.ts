import type { ColumnInfo, OrderBy } from '@bowshot/client';

/** Whether rows can be sorted by a column: lists and structs have no order. */
export function canSort({ type }: ColumnInfo): boolean {
  return !/^(list|struct)/.test(type);
}

/**
 * The order after a click on a column's header: ascending, descending, none. A click that `adds` (with
 * Shift) leaves the other columns of the order where they are.
 */
export function orderAfterClick(
  order: readonly OrderBy[],
  column: string,
  adds = false,
): OrderBy[] {
  const current = order.find((item) => item.column === column);
  const others = adds ? order.filter((item) => item.column !== column) : [];
  if (!current) return [...others, { column }];
  if (current.descending) return others;
  const down = { column, descending: true };
  return adds ? order.map((item) => (item === current ? down : item)) : [down];
}

/** The order by one column alone, or with it set among the others. */
export function orderWith(
  order: readonly OrderBy[],
  column: string,
  descending: boolean,
  adds: boolean,
): OrderBy[] {
  const item = descending ? { column, descending } : { column };
  if (!adds) return [item];
  const at = order.findIndex((other) => other.column === column);
  return at < 0 ? [...order, item] : order.with(at, item);
}

export function ariaSortOf(
  order: readonly OrderBy[],
  column: string,
): 'ascending' | 'descending' | 'none' {
  const current = order.find((item) => item.column === column);
  if (!current) return 'none';
  return current.descending ? 'descending' : 'ascending';
}

/** 1 for the column that is sorted by first; undefined where it is the only one, or none. */
export function sortRank(order: readonly OrderBy[], column: string): number | undefined {
  const at = order.findIndex((item) => item.column === column);
  return order.length > 1 && at >= 0 ? at + 1 : undefined;
}
