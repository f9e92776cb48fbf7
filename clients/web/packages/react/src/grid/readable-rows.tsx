import { useSyncExternalStore, type Ref } from 'react';

import type { GridController, ReadableRows as Readable } from './grid-controller.js';
import { rowNumberText } from './painter.js';

export function cellId(gridId: string, row: number, column: number): string {
  return `${gridId}-${row}-${column}`;
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
  row: Readable['rows'][number];
  readable: Readable;
  gridId: string;
}

function ReadableRow({ row, readable, gridId }: ReadableRowProps) {
  const { active, rowHeight, gutterWidth } = readable;
  const isBusy = row.cells.some((cell) => cell.text === undefined);
  return (
    <div
      role="row"
      aria-rowindex={row.row + 2}
      aria-busy={isBusy || undefined}
      style={{ top: row.top, height: rowHeight }}
    >
      <div role="rowheader" aria-colindex={1} style={{ width: gutterWidth }}>
        {rowNumberText(row.row)}
      </div>
      {row.cells.map((cell) => (
        <div
          key={cell.column}
          id={cellId(gridId, row.row, cell.column)}
          role="gridcell"
          aria-colindex={cell.column + 2}
          aria-selected={active?.row === row.row && active.column === cell.column}
          data-null={cell.text === null || undefined}
          style={{ left: gutterWidth + cell.x, width: cell.width }}
        >
          {cell.text === undefined ? 'loading' : (cell.text ?? 'null')}
        </div>
      ))}
    </div>
  );
}
