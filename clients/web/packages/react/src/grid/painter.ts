import type { GroupLine, RowPlace } from '@bowshot/client';

import { textOfCell } from './cell-texts.js';
import type { ColumnBox } from './column-layout.js';
import { paintGroup } from './paint-group.js';
import { fitNumber, fitText } from './fit-text.js';
import { CELL_PADDING, leftOf, type Scene } from './scene.js';

/** Draws the frame: rows under columns under the row numbers. */
export function paint(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, pixelRatio, theme } = scene;
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, height);
  context.textBaseline = 'middle';
  const rows = rowsOf(scene);
  paintRowBackgrounds(context, scene, rows);
  paintColumns(context, scene, rows);
  paintGutter(context, scene, rows);
  paintActiveCell(context, scene);
  paintBars(context, scene);
}

interface PaintedRow {
  row: number;
  top: number;
  place: RowPlace | undefined;
  group: GroupLine | undefined;
}

function rowsOf(scene: Scene): PaintedRow[] {
  const rows: PaintedRow[] = [];
  for (let row = scene.firstRow; row <= scene.lastRow; ++row) {
    rows.push({ row, top: topOf(scene, row), place: scene.place(row), group: scene.group(row) });
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
  for (const { row, top, group } of rows) {
    if (group) {
      context.fillStyle = theme.gutter;
      context.fillRect(0, top, width, theme.rowHeight);
    }
    if (row === active?.row || row === hoverRow) {
      context.fillStyle = row === active?.row ? theme.selectedRow : theme.hover;
      context.fillRect(0, top, width, theme.rowHeight);
    }
    context.fillStyle = theme.line;
    context.fillRect(0, top + theme.rowHeight - line, width, line);
  }
}

/** The scrolling columns, then over them the pinned ones, each within its own part of the canvas. */
function paintColumns(
  context: CanvasRenderingContext2D,
  scene: Scene,
  rows: readonly PaintedRow[],
): void {
  const { gutterWidth, height, width, theme, pixelRatio, pinned } = scene;
  const lastPinned = pinned.at(-1);
  const edge = gutterWidth + (lastPinned ? lastPinned.x + lastPinned.width : 0);
  const right = { x: edge, y: 0, width: Math.max(0, width - edge), height };
  clipped(context, right, () => {
    for (const column of scene.scrolled) paintColumn(context, scene, rows, column);
  });
  for (const column of pinned) paintColumn(context, scene, rows, column);
  for (const { row, top, group } of rows) {
    if (group) paintGroup(context, scene, { row, top, group });
  }
  // Over the groups' names, which reach across columns.
  clipped(context, right, () => paintRange(context, scene, scene.scrolled));
  clipped(context, { x: gutterWidth, y: 0, width: edge - gutterWidth, height }, () =>
    paintRange(context, scene, pinned),
  );
  if (!lastPinned) return;
  context.fillStyle = theme.border;
  context.fillRect(edge - 1 / pixelRatio, 0, 1 / pixelRatio, height);
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

function clipped(context: CanvasRenderingContext2D, box: Box, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.width, box.height);
  context.clip();
  draw();
  context.restore();
}

function paintColumn(
  context: CanvasRenderingContext2D,
  scene: Scene,
  rows: readonly PaintedRow[],
  column: ColumnBox,
): void {
  const { theme, height, pixelRatio } = scene;
  const left = leftOf(scene, column);
  clipped(context, { x: left, y: 0, width: column.width, height }, () => {
    context.fillStyle = theme.line;
    context.fillRect(left + column.width - 1 / pixelRatio, 0, 1 / pixelRatio, height);
    for (const { row, top, place, group } of rows) {
      if (group) continue;
      if (place) paintCell(context, scene, column, left, top, textOfCell(place, column.source));
      else paintSkeleton(context, scene, column, left, top, row);
    }
  });
}

/** The selected cells of some columns: a veil, and a frame around all of it. */
function paintRange(
  context: CanvasRenderingContext2D,
  scene: Scene,
  columns: readonly ColumnBox[],
): void {
  const { range, theme } = scene;
  if (!range) return;
  const selected = columns.filter(
    ({ index }) => index >= range.firstColumn && index <= range.lastColumn,
  );
  const first = selected[0];
  const last = selected.at(-1);
  if (!first || !last) return;
  // Far outside is as good as at the exact place: coordinates stay small.
  const top = Math.max(topOf(scene, range.firstRow), -10);
  const bottom = Math.min(topOf(scene, range.lastRow + 1), scene.height + 10);
  const left = leftOf(scene, first);
  const right = leftOf(scene, last) + last.width;
  context.fillStyle = theme.accent;
  context.globalAlpha = 0.1;
  context.fillRect(left, top, right - left, bottom - top);
  context.globalAlpha = 0.8;
  context.strokeStyle = theme.accent;
  context.lineWidth = 1;
  context.strokeRect(left - 0.5, top - 0.5, right - left, bottom - top);
  context.globalAlpha = 1;
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
  const fit = column.isNumeric ? fitNumber : fitText;
  const fitted = fit(context, text ?? 'null', column.width - 2 * CELL_PADDING);
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
  { theme, gutterWidth, height, pixelRatio, active, label }: Scene,
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
    context.fillText(label(row), gutterWidth - CELL_PADDING, top + theme.rowHeight / 2 + 0.5);
  }
}

/** A frame around the active cell; a group's line is active as a whole. */
function paintActiveCell(context: CanvasRenderingContext2D, scene: Scene): void {
  const { active, gutterWidth, width, height, bars } = scene;
  if (!active) return;
  if (scene.group(active.row)) {
    strokeFrame(context, scene, { left: gutterWidth, width: width - bars.right - gutterWidth });
    return;
  }
  const isActive = (box: ColumnBox) => box.index === active.column;
  const pinned = scene.pinned.find(isActive);
  const column = pinned ?? scene.scrolled.find(isActive);
  if (!column) return;
  const lastPinned = scene.pinned.at(-1);
  const covered = lastPinned && !pinned ? lastPinned.x + lastPinned.width : 0;
  clipped(context, { x: gutterWidth + covered - 1, y: 0, width, height }, () =>
    strokeFrame(context, scene, { left: leftOf(scene, column), width: column.width }),
  );
}

function strokeFrame(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { left, width }: { left: number; width: number },
): void {
  const { theme, isFocused, active } = scene;
  context.strokeStyle = isFocused ? theme.accent : theme.dim;
  context.lineWidth = isFocused ? 2 : 1;
  const inset = context.lineWidth / 2;
  context.strokeRect(
    left - 1 + inset,
    topOf(scene, active!.row) - 1 + inset,
    width + 1 - 2 * inset,
    theme.rowHeight + 1 - 2 * inset,
  );
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
