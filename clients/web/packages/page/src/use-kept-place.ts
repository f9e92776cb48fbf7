import { findRows, type DatasetInfo, type MarkedRow } from '@bowshot/client';
import { useBowshot, type DataGridHandle, type GridRows } from '@bowshot/react';
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';

import type { ViewState } from './view-state.js';

/** Finding the place must not hold the rows back for longer. */
const FIND_MS_MAX = 1_500;

export interface Place {
  /** The view that is shown: the one before, until the place in the next one is known. */
  view: ViewState;
  row: number;
  activeRow: number | undefined;
  /** Says what is shown now: from its rows the place is read. */
  remember: (rows: GridRows) => void;
}

/**
 * Keeps the reader's place when the filter changes: the row at the top stays there if the filter keeps
 * it, or else the next one that it keeps; the active row stays active. Rows are known by `_row`.
 */
export function useKeptPlace(
  info: DatasetInfo,
  view: ViewState,
  grid: RefObject<DataGridHandle | null>,
): Place {
  const bowshot = useBowshot();
  const [shown, setShown] = useState({
    view,
    row: view.row,
    activeRow: undefined as number | undefined,
  });
  const rows = useRef<GridRows>(undefined);
  const remember = useCallback((next: GridRows) => {
    rows.current = next;
  }, []);

  const isOtherFilter = view.filter !== shown.view.filter;
  const isOtherwiseSame =
    sameRows(view, shown.view) && view.groupBy.length === 0 && view.sample === undefined;
  // Anything else is shown at once; so is what only moves or arranges.
  if (view !== shown.view && !(isOtherFilter && isOtherwiseSame && info.rowNumbers)) {
    setShown({ view, row: view.row, activeRow: undefined });
  }
  useEffect(() => {
    if (!isOtherFilter) return;
    const controller = new AbortController();
    const { signal } = controller;
    const show = (row: number, activeRow?: number) => {
      if (!signal.aborted) setShown({ view, row, activeRow });
    };
    const place = grid.current?.place();
    const marked = markedRows(rows.current, place);
    // Back and forward bring their own place.
    const hasOwnPlace = place !== undefined && place.topRow !== view.row;
    if (!marked || hasOwnPlace) {
      show(hasOwnPlace ? view.row : 0);
      return () => controller.abort();
    }
    const deadline = setTimeout(() => {
      show(0);
      controller.abort();
    }, FIND_MS_MAX);
    const next = { filter: view.filter || undefined, order: view.order };
    void findRows(bowshot.dataset(info.name), next, info.version, marked, signal)
      // A wrong filter, for one: the rows say what is wrong.
      .catch(() => undefined)
      .then((found) => show(found?.before ?? 0, found?.active))
      .finally(() => clearTimeout(deadline));
    return () => {
      clearTimeout(deadline);
      controller.abort();
    };
  }, [bowshot, grid, info, view, isOtherFilter]);
  return { ...shown, remember };
}

function sameRows(a: ViewState, b: ViewState): boolean {
  return (
    a.dataset === b.dataset &&
    JSON.stringify([a.order, a.groupBy, a.sample]) ===
      JSON.stringify([b.order, b.groupBy, b.sample])
  );
}

/** The rows at the top and under the active cell, with their numbers; undefined where they are unknown. */
function markedRows(
  rows: GridRows | undefined,
  place: { topRow: number; activeRow: number | undefined } | undefined,
): { top: MarkedRow; active: MarkedRow | undefined } | undefined {
  if (!rows || !place || rows.rowCount === 0) return undefined;
  const top = markedRow(rows, place.topRow);
  // At the very top the reader is at the beginning, not at a row.
  if (!top || (place.topRow === 0 && place.activeRow === undefined)) return undefined;
  const active = place.activeRow === undefined ? undefined : markedRow(rows, place.activeRow);
  return { top, active };
}

function markedRow(rows: GridRows, row: number): MarkedRow | undefined {
  const place = rows.row(row);
  if (!place) return undefined;
  const numbers = place.table.getChild('_row');
  // Rows of no filter and no order do not carry their number: it is their place.
  const rowNumber = numbers ? Number(numbers.get(place.index)) : row;
  return { rowNumber, table: place.table, index: place.index };
}
