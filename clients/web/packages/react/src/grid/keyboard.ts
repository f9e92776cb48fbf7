/** A cell by its place in the view. Row -1 is nothing: headers are buttons of their own. */
export interface Cell {
  row: number;
  column: number;
}

export interface Keystroke {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

export interface Bounds {
  rowCount: number;
  columnCount: number;
  /** Whole rows that fit on the screen. */
  pageRows: number;
}

/**
 * The cell that a key leads to, as the ARIA grid pattern has it; undefined for other keys. With Shift
 * the same keys extend the selection to it.
 */
export function cellAfterKey(cell: Cell, key: Keystroke, bounds: Bounds): Cell | undefined {
  if (key.altKey) return undefined;
  const target =
    key.ctrlKey || key.metaKey ? farMove(cell, key.key) : nearMove(cell, key.key, bounds);
  return target && clampCell(target, bounds);
}

export function clampCell({ row, column }: Cell, { rowCount, columnCount }: Bounds): Cell {
  return {
    row: Math.max(0, Math.min(row, rowCount - 1)),
    column: Math.max(0, Math.min(column, columnCount - 1)),
  };
}

function nearMove({ row, column }: Cell, key: string, { pageRows }: Bounds): Cell | undefined {
  // One row of the page before stays in sight.
  const page = Math.max(1, pageRows - 1);
  switch (key) {
    case 'ArrowUp':
      return { row: row - 1, column };
    case 'ArrowDown':
      return { row: row + 1, column };
    case 'ArrowLeft':
      return { row, column: column - 1 };
    case 'ArrowRight':
      return { row, column: column + 1 };
    case 'PageUp':
      return { row: row - page, column };
    case 'PageDown':
      return { row: row + page, column };
    case 'Home':
      return { row, column: 0 };
    case 'End':
      return { row, column: Infinity };
    default:
      return undefined;
  }
}

function farMove({ row, column }: Cell, key: string): Cell | undefined {
  switch (key) {
    case 'ArrowUp':
      return { row: 0, column };
    case 'ArrowDown':
      return { row: Infinity, column };
    case 'ArrowLeft':
      return { row, column: 0 };
    case 'ArrowRight':
      return { row, column: Infinity };
    case 'Home':
      return { row: 0, column: 0 };
    case 'End':
      return { row: Infinity, column: Infinity };
    default:
      return undefined;
  }
}
