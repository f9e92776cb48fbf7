import type { BowshotError, ColumnInfo, ColumnProfile, OrderBy } from '@bowshot/client';
import {
  useEffect,
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
} from 'react';

import { useRowWindowState } from '../hooks.js';
import { CellReader, useCellReader } from './cell-reader.js';
import { NATURAL_ARRANGEMENT, type ColumnArrangement } from './column-arrangement.js';
import { GridController, type GridElements } from './grid-controller.js';
import { GridHeader } from './grid-header.js';
import { GridMessage, GridNotice, GridStatus } from './grid-notice.js';
import { isGrouped, type GridRows } from './grid-rows.js';
import { listenToPointer } from './pointer.js';
import { cellId, ReadableRows, rowId } from './readable-rows.js';
import { Scrollbar } from './scrollbar.js';
import type { CellRange } from './selection.js';
import { useCopy } from './use-copy.js';

export interface DataGridHandle {
  /** Scrolls to a row and makes it active. */
  goToRow(row: number): void;
  /** Scrolls a column into sight. */
  revealColumn(name: string): void;
  focus(): void;
  /** Where the reader is: the top row, and the active one. */
  place(): { topRow: number; activeRow: number | undefined };
}

export interface DataGridProps {
  /** From `useRowWindow`, or `useGroupedRows`. */
  rows: GridRows;
  /** The order that `rows` has, for the marks in the header. */
  order?: readonly OrderBy[];
  /** A click on a header; without it headers do not sort. */
  onOrderChange?: ((order: OrderBy[]) => void) | undefined;
  /** How the columns stand. Without it the grid keeps what the reader arranges itself. */
  columns?: ColumnArrangement;
  onColumnsChange?: (columns: ColumnArrangement) => void;
  /** What a column's menu begins with, a `<ColumnFilter>` for one. */
  renderColumnPanel?: (column: ColumnInfo, close: () => void) => ReactNode;
  /** Columns that the rows are filtered by, to mark them. */
  filteredColumns?: ReadonlySet<string>;
  /** A strip below the names, from `useProfile`. Columns that are missing are awaited. */
  profile?: ReadonlyMap<string, ColumnProfile> | undefined;
  /** Columns that `rows` are grouped by; with `onGroupByChange` their menus offer it. */
  groupBy?: readonly string[];
  onGroupByChange?: (columns: string[]) => void;
  /** Selected cells, when the selection rests; columns count those shown, from the left. */
  onSelectionChange?: (range: CellRange | undefined) => void;
  /** The row to make active when `rows` is shown, where another than the first. */
  activeRow?: number | undefined;
  /** The top row when `rows` is shown first. Default 0. */
  initialRow?: number;
  /** The top row, when scrolling rests. */
  onTopRowChange?: (row: number) => void;
  /** Whether to say why no rows can be had; false where the page says it. Default true. */
  showsRequestError?: boolean;
  /** Ways out of an error, as buttons beside it: in place of `Retry` where that would be in vain. */
  renderErrorActions?: (error: BowshotError) => ReactNode;
  /** Shown when there are no rows. Default `No rows`. */
  emptyText?: string;
  /** The grid's name for assistive technology. */
  label?: string;
  ref?: Ref<DataGridHandle>;
}

const NO_ORDER: readonly OrderBy[] = [];
const NO_COLUMNS: readonly string[] = [];

/**
 * Rows as a grid that reaches any of a billion exactly. Fills its parent. Needs
 * `@bowshot/react/styles.css`; colours are custom properties, see the README.
 */
export function DataGrid({ rows, order = NO_ORDER, label, ...props }: DataGridProps) {
  const gridId = useId();
  const [grid] = useState(() => new GridController());
  const root = useRef<HTMLDivElement>(null);
  const { body, canvas, header, readable, verticalThumb, horizontalThumb } = useGridElements(
    grid,
    root,
  );
  const state = useRowWindowState(rows);
  const { copy, message } = useCopy(grid);
  const reader = useCellReader(grid, gridId, root);
  const [arrangement, arrange] = useArrangement(grid, props);
  useShownRows(grid, rows, props);
  useHandle(grid, root, props.ref);
  const activeId = useActiveId(grid, gridId);
  return (
    <div className="bowshot-grid-frame">
      <div
        ref={root}
        role={isGrouped(rows) ? 'treegrid' : 'grid'}
        tabIndex={0}
        className="bowshot-grid"
        aria-label={label ?? state.info?.name}
        aria-multiselectable
        aria-rowcount={state.rowCountIsExact ? state.rowCount + 1 : -1}
        aria-colcount={shownCount(state.info?.columns, arrangement) + 1}
        aria-activedescendant={activeId}
        aria-busy={state.isLoading}
        onKeyDown={(event) => onKeyDown(event, grid, copy, reader.read)}
        onFocus={(event) => grid.setFocused(event.target === event.currentTarget)}
        onBlur={() => grid.setFocused(false)}
      >
        <GridHeader
          grid={grid}
          order={order}
          onOrderChange={props.onOrderChange}
          arrangement={arrangement}
          onArrange={arrange}
          renderColumnPanel={props.renderColumnPanel}
          filteredColumns={props.filteredColumns}
          profile={props.profile}
          groupBy={props.groupBy ?? NO_COLUMNS}
          onGroupByChange={props.onGroupByChange}
          movingRef={header}
        />
        <div
          ref={body}
          className="bowshot-grid-body"
          role="presentation"
          onDoubleClick={reader.onDoubleClick}
        >
          <canvas ref={canvas} aria-hidden />
          <ReadableRows grid={grid} gridId={gridId} layerRef={readable} />
          <Scrollbar grid={grid} axis="vertical" thumbRef={verticalThumb} />
          <Scrollbar grid={grid} axis="horizontal" thumbRef={horizontalThumb} />
        </div>
      </div>
      <GridNotice rows={rows} state={state} {...props} />
      <GridMessage message={message} />
      <GridStatus state={state} />
      {reader.cell && <CellReader cell={reader.cell} onClose={reader.close} />}
    </div>
  );
}

function shownCount(
  columns: readonly ColumnInfo[] | undefined,
  { hidden }: ColumnArrangement,
): number {
  return columns?.filter(({ name }) => !hidden.includes(name)).length ?? 0;
}

/** The element of the active cell, or of its line where that is a group's; undefined out of sight. */
function useActiveId(grid: GridController, gridId: string): string | undefined {
  const { subscribe, get } = grid.readable;
  const { active, rows } = useSyncExternalStore(subscribe, get);
  const line = active && rows.find(({ row }) => row === active.row);
  if (!line) return undefined;
  return line.group ? rowId(gridId, active.row) : cellId(gridId, active.row, active.column);
}

/** The reader's arrangement: the page's where it keeps one, else the grid's own. */
function useArrangement(
  grid: GridController,
  { columns, onColumnsChange }: Pick<DataGridProps, 'columns' | 'onColumnsChange'>,
): [ColumnArrangement, (arrangement: ColumnArrangement) => void] {
  const [own, setOwn] = useState(NATURAL_ARRANGEMENT);
  const arrangement = columns ?? own;
  useLayoutEffect(() => grid.arrange(arrangement), [grid, arrangement]);
  return [arrangement, onColumnsChange ?? setOwn];
}

/** Only another window of rows scrolls: `initialRow` follows the reader when it is kept in a URL. */
function useShownRows(
  grid: GridController,
  rows: GridRows,
  props: Pick<DataGridProps, 'initialRow' | 'activeRow' | 'onTopRowChange' | 'onSelectionChange'>,
): void {
  const { initialRow = 0, activeRow, onTopRowChange, onSelectionChange } = props;
  const first = useRef({ initialRow, activeRow });
  useLayoutEffect(() => {
    first.current = { initialRow, activeRow };
    grid.followTopRow(onTopRowChange);
    grid.followSelection(onSelectionChange && ((selection) => onSelectionChange(selection.range)));
  }, [grid, initialRow, activeRow, onTopRowChange, onSelectionChange]);
  useEffect(
    () => grid.setRows(rows, first.current.initialRow, first.current.activeRow),
    [grid, rows],
  );
}

function useHandle(
  grid: GridController,
  root: React.RefObject<HTMLDivElement | null>,
  ref: DataGridProps['ref'],
): void {
  useImperativeHandle(
    ref,
    () => ({
      goToRow: (row) => grid.goToRow(row),
      revealColumn: (name) => grid.revealColumn(name),
      focus: () => root.current?.focus({ preventScroll: true }),
      place: () => grid.place,
    }),
    [grid, root],
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

function onKeyDown(
  event: KeyboardEvent<HTMLDivElement>,
  grid: GridController,
  copy: (withNames: boolean) => void,
  read: () => boolean,
): void {
  if (event.target !== event.currentTarget) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'c') {
    // Text that the reader selected elsewhere is meant, where there is any.
    if (!grid.selection.range || getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    copy(event.shiftKey);
    return;
  }
  const isReading = (event.key === 'Enter' || event.key === 'F2') && !event.shiftKey;
  if (grid.press(event) || (isReading && read())) event.preventDefault();
}
