import { useSyncExternalStore, type Ref } from 'react';

import { exactText } from '../number-text.js';
import { valueText } from '../value-text.js';
import type { GridController } from './grid-controller.js';
import type { ReadableRow as Row, ReadableRows as Readable } from './grid-view.js';

export function cellId(gridId: string, row: number, column: number): string {
  return `${rowId(gridId, row)}-${column}`;
}

/** Of a group's line: it is read as a whole. */
export function rowId(gridId: string, row: number): string {
  return `${gridId}-${row}`;
}

interface ReadableRowsProps {
  grid: GridController;
  gridId: string;
  layerRef: Ref<HTMLDivElement>;
}

/**
 * The visible cells as transparent text over the canvas, where they are drawn: what screen readers,
 * a search in the page and tests read.
 */
export function ReadableRows({ grid, gridId, layerRef }: ReadableRowsProps) {
  const readable = useSyncExternalStore(grid.readable.subscribe, grid.readable.get);
  return (
    <div ref={layerRef} role="rowgroup" className="bowshot-grid-readable">
      {readable.rows.map((row) => (
        <ReadableRow key={row.row} row={row} readable={readable} gridId={gridId} />
      ))}
    </div>
  );
}

interface ReadableRowProps {
  row: Row;
  readable: Readable;
  gridId: string;
}

function ReadableRow({ row, readable, gridId }: ReadableRowProps) {
  const { rowHeight, gutterWidth, selection } = readable;
  const { group } = row;
  const isMissing = !group && row.cells.some((cell) => cell.text === undefined);
  const awaited = row.hasFailed ? 'not loaded' : 'loading';
  const range = selection.range;
  const isRowSelected = range && row.row >= range.firstRow && row.row <= range.lastRow;
  return (
    <div
      role="row"
      id={rowId(gridId, row.row)}
      aria-rowindex={row.row + 2}
      aria-busy={(isMissing && !row.hasFailed) || undefined}
      aria-level={row.place?.level}
      aria-posinset={row.place?.position}
      aria-setsize={row.place?.siblings}
      aria-expanded={group?.isExpanded}
      style={{ top: row.top, height: rowHeight }}
    >
      <div role="rowheader" aria-colindex={1} style={{ width: gutterWidth }}>
        {group
          ? `${group.column}: ${valueText(group.text)}, ${exactText(group.count)} rows`
          : row.label}
      </div>
      {row.cells.map((cell) => (
        <div
          key={cell.column}
          id={cellId(gridId, row.row, cell.column)}
          role="gridcell"
          aria-colindex={cell.column + 2}
          aria-selected={
            isRowSelected === true &&
            cell.column >= range.firstColumn &&
            cell.column <= range.lastColumn
          }
          data-null={cell.text === null || undefined}
          style={{ left: gutterWidth + cell.x, width: cell.width }}
        >
          {cell.text === undefined ? awaited : (cell.text ?? 'null')}
        </div>
      ))}
    </div>
  );
}
