import type { OrderBy, RowWindow } from '@bowshot/client';
import {
  useEffect,
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
  type Ref,
} from 'react';

import { useRowWindowState } from '../hooks.js';
import { GridController, type GridElements } from './grid-controller.js';
import { GridHeader } from './grid-header.js';
import { GridNotice, GridStatus } from './grid-notice.js';
import { listenToPointer } from './pointer.js';
import { cellId, ReadableRows } from './readable-rows.js';
import { Scrollbar } from './scrollbar.js';

export interface DataGridHandle {
  /** Scrolls to a row and makes it active. */
  goToRow(row: number): void;
  /** Scrolls a column into sight. */
  revealColumn(name: string): void;
  focus(): void;
}

export interface DataGridProps {
  /** From `useRowWindow`. */
  rows: RowWindow;
  /** The order that `rows` has, for the marks in the header. */
  order?: readonly OrderBy[];
  /** A click on a header; without it headers do not sort. */
  onOrderChange?: (order: OrderBy[]) => void;
  /** The top row when `rows` is shown first. Default 0. */
  initialRow?: number;
  /** The top row, when scrolling rests. */
  onTopRowChange?: (row: number) => void;
  /** Whether to say why no rows can be had; false where the page says it. Default true. */
  showsRequestError?: boolean;
  /** Shown when there are no rows. Default `No rows`. */
  emptyText?: string;
  /** The grid's name for assistive technology. */
  label?: string;
  ref?: Ref<DataGridHandle>;
}

const NO_ORDER: readonly OrderBy[] = [];

/**
 * Rows as a grid that reaches any of a billion exactly. Fills its parent. Needs
 * `@bowshot/react/styles.css`; colours are custom properties, see the README.
 */
export function DataGrid({
  rows,
  order = NO_ORDER,
  onOrderChange,
  label,
  ...props
}: DataGridProps) {
  const { initialRow = 0, onTopRowChange, ref } = props;
  const gridId = useId();
  const [grid] = useState(() => new GridController());
  const root = useRef<HTMLDivElement>(null);
  const { body, canvas, header, readable, verticalThumb, horizontalThumb } = useGridElements(
    grid,
    root,
  );
  const state = useRowWindowState(rows);
  const { active, rows: readableRows } = useSyncExternalStore(
    grid.readable.subscribe,
    grid.readable.get,
  );

  const firstRow = useRef(initialRow);
  useLayoutEffect(() => {
    firstRow.current = initialRow;
    grid.followTopRow(onTopRowChange);
  }, [grid, initialRow, onTopRowChange]);
  // Only another window of rows scrolls: `initialRow` follows the reader when it is kept in a URL.
  useEffect(() => grid.setRows(rows, firstRow.current), [grid, rows]);
  useImperativeHandle(
    ref,
    () => ({
      goToRow: (row) => grid.goToRow(row),
      revealColumn: (name) => grid.revealColumn(name),
      focus: () => root.current?.focus({ preventScroll: true }),
    }),
    [grid],
  );

  const isActiveHere = active && readableRows.some((row) => row.row === active.row);
  return (
    <div className="bowshot-grid-frame">
      <div
        ref={root}
        role="grid"
        tabIndex={0}
        className="bowshot-grid"
        aria-label={label ?? state.info?.name}
        aria-rowcount={state.rowCountIsExact ? state.rowCount + 1 : -1}
        aria-colcount={(state.info?.columns.length ?? 0) + 1}
        aria-activedescendant={isActiveHere ? cellId(gridId, active.row, active.column) : undefined}
        aria-busy={state.isLoading}
        onKeyDown={(event) => onKeyDown(event, grid)}
        onFocus={(event) => grid.setFocused(event.target === event.currentTarget)}
        onBlur={() => grid.setFocused(false)}
      >
        <GridHeader grid={grid} order={order} onOrderChange={onOrderChange} movingRef={header} />
        <div ref={body} className="bowshot-grid-body" role="presentation">
          <canvas ref={canvas} aria-hidden />
          <ReadableRows grid={grid} gridId={gridId} layerRef={readable} />
          <Scrollbar grid={grid} axis="vertical" thumbRef={verticalThumb} />
          <Scrollbar grid={grid} axis="horizontal" thumbRef={horizontalThumb} />
        </div>
      </div>
      <GridNotice rows={rows} state={state} {...props} />
      <GridStatus state={state} />
    </div>
  );
}

/** Collects the elements that the controller moves, and attaches it while they are there. */
function useGridElements(grid: GridController, root: React.RefObject<HTMLDivElement | null>) {
  const body = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const header = useRef<HTMLDivElement>(null);
  const readable = useRef<HTMLDivElement>(null);
  const verticalThumb = useRef<HTMLDivElement>(null);
  const horizontalThumb = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const elements: GridElements = {
      root: root.current!,
      body: body.current!,
      canvas: canvas.current!,
      header: header.current!,
      readable: readable.current!,
      verticalThumb: verticalThumb.current!,
      horizontalThumb: horizontalThumb.current!,
    };
    const detach = grid.attach(elements);
    const stopListening = listenToPointer(elements.body, grid);
    return () => {
      stopListening();
      detach();
    };
  }, [grid, root]);
  return { body, canvas, header, readable, verticalThumb, horizontalThumb };
}

function onKeyDown(event: KeyboardEvent<HTMLDivElement>, grid: GridController): void {
  if (event.target !== event.currentTarget) return;
  if ((event.ctrlKey || event.metaKey) && event.key === 'c') {
    const text = grid.activeText();
    // Text that the reader selected elsewhere is meant, where there is any.
    if (text === undefined || getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    void navigator.clipboard.writeText(text);
    return;
  }
  if (grid.press(event)) event.preventDefault();
}
