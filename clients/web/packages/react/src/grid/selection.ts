import { clampCell, type Bounds, type Cell } from './keyboard.js';

/** Cells of a rectangle, both ends included. */
export interface CellRange {
  firstRow: number;
  lastRow: number;
  firstColumn: number;
  lastColumn: number;
}

/** The active cell, and the range that it and its anchor span. Immutable. */
export class Selection {
  static readonly none = new Selection(undefined, undefined);

  private constructor(
    readonly active: Cell | undefined,
    readonly anchor: Cell | undefined,
  ) {}

  static at(cell: Cell): Selection {
    return new Selection(cell, cell);
  }

  /** Everything, with the active cell where it is. */
  static all(active: Cell | undefined, { rowCount, columnCount }: Bounds): Selection {
    if (rowCount === 0 || columnCount === 0) return Selection.none;
    const whole = {
      firstRow: 0,
      lastRow: rowCount - 1,
      firstColumn: 0,
      lastColumn: columnCount - 1,
    };
    return Object.assign(Selection.at(active ?? { row: 0, column: 0 }), { whole });
  }

  /** Set when everything is selected. */
  readonly whole?: CellRange;

  /** The anchor stays, the active cell goes. */
  extendedTo(cell: Cell): Selection {
    return new Selection(cell, this.anchor ?? cell);
  }

  get range(): CellRange | undefined {
    if (this.whole) return this.whole;
    const { active, anchor } = this;
    if (!active || !anchor) return undefined;
    return {
      firstRow: Math.min(active.row, anchor.row),
      lastRow: Math.max(active.row, anchor.row),
      firstColumn: Math.min(active.column, anchor.column),
      lastColumn: Math.max(active.column, anchor.column),
    };
  }

  get isOneCell(): boolean {
    const range = this.range;
    return (
      range !== undefined &&
      range.firstRow === range.lastRow &&
      range.firstColumn === range.lastColumn
    );
  }

  clamped(bounds: Bounds): Selection {
    if (!this.active || !this.anchor || bounds.rowCount === 0) return Selection.none;
    if (this.whole) return Selection.all(clampCell(this.active, bounds), bounds);
    return new Selection(clampCell(this.active, bounds), clampCell(this.anchor, bounds));
  }
}
