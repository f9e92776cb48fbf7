import type { RowPlace } from '@bowshot/client';

import { textOfCell } from './cell-texts.js';
import type { ColumnBox } from './column-layout.js';
import type { Cell } from './keyboard.js';
import type { GridTheme } from './theme.js';

/** Everything that a frame shows. Lengths are CSS pixels. */
export interface Scene {
  width: number;
  height: number;
  pixelRatio: number;
  theme: GridTheme;
  gutterWidth: number;
  scrollTop: number;
  scrollLeft: number;
  columns: readonly ColumnBox[];
  firstRow: number;
  lastRow: number;
  place(row: number): RowPlace | undefined;
  hasFailed(row: number): boolean;
  active: Cell | undefined;
  isFocused: boolean;
  hoverRow: number | undefined;
  /** Room that the scroll bars take at the right and at the bottom; 0 where there is none. */
  bars: { right: number; bottom: number };
}

export const CELL_PADDING = 12;
const rowNumberFormat = new Intl.NumberFormat('en-US');

/** Draws the frame: rows under columns under the row numbers. */
export function paint(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, pixelRatio, theme } = scene;
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, height);
  context.textBaseline = 'middle';
  const rows = rowsOf(scene);
  paintRowBackgrounds(context, scene, rows);
  for (const column of scene.columns) paintColumn(context, scene, rows, column);
  paintGutter(context, scene, rows);
  paintActiveCell(context, scene);
  paintBars(context, scene);
}

/** The text of a row number: exact, grouped. */
export function rowNumberText(row: number): string {
  return rowNumberFormat.format(row);
}

interface PaintedRow {
  row: number;
  top: number;
  place: RowPlace | undefined;
}

function rowsOf(scene: Scene): PaintedRow[] {
  const rows: PaintedRow[] = [];
  for (let row = scene.firstRow; row <= scene.lastRow; ++row) {
    rows.push({ row, top: topOf(scene, row), place: scene.place(row) });
  }
  return rows;
}

/** On whole device pixels, so that lines and text stay crisp while rows move. */
function topOf({ theme, scrollTop, pixelRatio }: Scene, row: number): number {
  return Math.round((row * theme.rowHeight - scrollTop) * pixelRatio) / pixelRatio;
}

function paintRowBackgrounds(
  context: CanvasRenderingContext2D,
  { width, pixelRatio, theme, active, hoverRow }: Scene,
  rows: readonly PaintedRow[],
): void {
  const line = 1 / pixelRatio;
  for (const { row, top } of rows) {
    if (row === active?.row || row === hoverRow) {
      context.fillStyle = row === active?.row ? theme.selectedRow : theme.hover;
      context.fillRect(0, top, width, theme.rowHeight);
    }
    context.fillStyle = theme.line;
    context.fillRect(0, top + theme.rowHeight - line, width, line);
  }
}

function paintColumn(
  context: CanvasRenderingContext2D,
  scene: Scene,
  rows: readonly PaintedRow[],
  column: ColumnBox,
): void {
  const { theme, gutterWidth, height, pixelRatio } = scene;
  const left = gutterWidth + column.x - scene.scrollLeft;
  context.save();
  context.beginPath();
  context.rect(left, 0, column.width, height);
  context.clip();
  context.fillStyle = theme.line;
  context.fillRect(left + column.width - 1 / pixelRatio, 0, 1 / pixelRatio, height);
  for (const { row, top, place } of rows) {
    if (place) paintCell(context, scene, column, left, top, textOfCell(place, column.index));
    else paintSkeleton(context, scene, column, left, top, row);
  }
  context.restore();
}

function paintCell(
  context: CanvasRenderingContext2D,
  { theme }: Scene,
  column: ColumnBox,
  left: number,
  top: number,
  text: string | null,
): void {
  const isNull = text === null;
  context.font = isNull ? `italic ${theme.font}` : column.isNumeric ? theme.numberFont : theme.font;
  context.fillStyle = isNull ? theme.dim : theme.text;
  context.textAlign = column.isNumeric ? 'right' : 'left';
  const x = column.isNumeric ? left + column.width - CELL_PADDING : left + CELL_PADDING;
  const fitted = fitText(context, text ?? 'null', column.width - 2 * CELL_PADDING);
  context.fillText(fitted, x, top + theme.rowHeight / 2 + 0.5);
}

/** A bar where text will be: as wide as the row and column say, so that it never flickers. */
function paintSkeleton(
  context: CanvasRenderingContext2D,
  scene: Scene,
  column: ColumnBox,
  left: number,
  top: number,
  row: number,
): void {
  const { theme } = scene;
  const space = column.width - 2 * CELL_PADDING;
  const share = 0.35 + (((row % 997) * 31 + column.index * 17) % 45) / 100;
  const width = Math.max(12, Math.min(space, Math.round(space * share)));
  const x = column.isNumeric ? left + column.width - CELL_PADDING - width : left + CELL_PADDING;
  context.fillStyle = scene.hasFailed(row) ? theme.failed : theme.skeleton;
  context.beginPath();
  context.roundRect(x, top + theme.rowHeight / 2 - 4, width, 8, 4);
  context.fill();
}

function paintGutter(
  context: CanvasRenderingContext2D,
  { theme, gutterWidth, height, pixelRatio, active }: Scene,
  rows: readonly PaintedRow[],
): void {
  context.fillStyle = theme.gutter;
  context.fillRect(0, 0, gutterWidth, height);
  context.fillStyle = theme.line;
  context.fillRect(gutterWidth - 1 / pixelRatio, 0, 1 / pixelRatio, height);
  context.font = theme.numberFont;
  context.textAlign = 'right';
  for (const { row, top } of rows) {
    context.fillStyle = row === active?.row ? theme.accent : theme.dim;
    context.fillText(
      rowNumberText(row),
      gutterWidth - CELL_PADDING,
      top + theme.rowHeight / 2 + 0.5,
    );
  }
}

function paintActiveCell(context: CanvasRenderingContext2D, scene: Scene): void {
  const { active, theme, gutterWidth, isFocused } = scene;
  const column = scene.columns.find((box) => box.index === active?.column);
  if (!active || !column) return;
  context.save();
  context.beginPath();
  context.rect(gutterWidth - 1, 0, scene.width, scene.height);
  context.clip();
  context.strokeStyle = isFocused ? theme.accent : theme.dim;
  context.lineWidth = isFocused ? 2 : 1;
  const inset = context.lineWidth / 2;
  context.strokeRect(
    gutterWidth + column.x - scene.scrollLeft - 1 + inset,
    topOf(scene, active.row) - 1 + inset,
    column.width + 1 - 2 * inset,
    theme.rowHeight + 1 - 2 * inset,
  );
  context.restore();
}

/** Under the scroll bars, so that no half of a cell looks like a whole one. */
function paintBars(
  context: CanvasRenderingContext2D,
  { width, height, pixelRatio, theme, bars }: Scene,
): void {
  const line = 1 / pixelRatio;
  const strips = [
    { x: width - bars.right, y: 0, width: bars.right, height, lineWidth: line, lineHeight: height },
    {
      x: 0,
      y: height - bars.bottom,
      width,
      height: bars.bottom,
      lineWidth: width,
      lineHeight: line,
    },
  ];
  for (const strip of strips) {
    if (strip.width === 0 || strip.height === 0) continue;
    context.fillStyle = theme.gutter;
    context.fillRect(strip.x, strip.y, strip.width, strip.height);
    context.fillStyle = theme.line;
    context.fillRect(strip.x, strip.y, strip.lineWidth, strip.lineHeight);
  }
}

/** As much of a text as fits, with an ellipsis where some is missing. */
function fitText(context: CanvasRenderingContext2D, text: string, space: number): string {
  if (context.measureText(text).width <= space) return text;
  let fits = 0;
  let tooLong = text.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= space) fits = middle;
    else tooLong = middle;
  }
  return `${text.slice(0, fits)}…`;
}
