import type { RowWindow } from '@bowshot/client';

import { plainText } from '../cell-text.js';
import { textOfCell } from './cell-texts.js';
import {
  COLUMN_WIDTH_MAX,
  COLUMN_WIDTH_MIN,
  contentWidth,
  layOut,
  visibleColumns,
  type ColumnBox,
} from './column-layout.js';
import { cellAfterKey, clampCell, type Cell, type Keystroke } from './keyboard.js';
import { CELL_PADDING, paint, rowNumberText, type Scene } from './painter.js';
import {
  clampScroll,
  scrollMax,
  scrollToReveal,
  thumbOf,
  visibleRows,
  type Axis,
  type Thumb,
} from './scroll-geometry.js';
import { Signal } from './signal.js';
import { readTheme, watchTheme, type GridTheme } from './theme.js';

/** What the header shows; a new object whenever any of it changes. */
export interface HeaderLayout {
  boxes: readonly ColumnBox[];
  first: number;
  last: number;
  gutterWidth: number;
  activeColumn: number;
}

/** The visible cells as text, for the DOM rows that assistive technology and tests read. */
export interface ReadableRows {
  rows: readonly { row: number; top: number; cells: readonly ReadableCell[] }[];
  active: Cell | undefined;
  rowHeight: number;
  gutterWidth: number;
}

export interface ReadableCell {
  column: number;
  x: number;
  width: number;
  /** Undefined while the row is not here. */
  text: string | null | undefined;
}

/** The elements that follow the scroll without React: a frame must not cost a render. */
export interface GridElements {
  root: HTMLElement;
  body: HTMLElement;
  canvas: HTMLCanvasElement;
  header: HTMLElement;
  readable: HTMLElement;
  verticalThumb: HTMLElement;
  horizontalThumb: HTMLElement;
}

const SCROLLBAR = 14;
const SETTLE_MS = 80;
const SETTLE_MAX_MS = 400;
const GUTTER_WIDTH_MIN = 56;

/**
 * The grid without React: where it is scrolled to, which cell is active, what a frame shows. Draws
 * once a frame at most, and only after a change.
 *
 * Life cycle: `attach` when the elements are there, its result detaches; `setRows` shows another
 * window of rows from `firstRow` on.
 */
export class GridController {
  readonly header = new Signal<HeaderLayout>({
    boxes: [],
    first: 0,
    last: -1,
    gutterWidth: GUTTER_WIDTH_MIN,
    activeColumn: 0,
  });
  readonly readable = new Signal<ReadableRows>({
    rows: [],
    active: undefined,
    rowHeight: 28,
    gutterWidth: GUTTER_WIDTH_MIN,
  });

  #rows: RowWindow | undefined;
  #elements: GridElements | undefined;
  #theme: GridTheme | undefined;
  #boxes: ColumnBox[] = [];
  #boxesInfo: RowWindow['info'] | undefined;
  #widths = new Map<string, number>();
  #size = { width: 0, height: 0 };
  #scrollTop = 0;
  #scrollLeft = 0;
  #active: Cell | undefined;
  #isFocused = false;
  #hoverRow: number | undefined;
  #frame: number | undefined;
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  #unsettledSince: number | undefined;
  #topRow = 0;
  /** What the DOM rows were made of: a mouse that hovers must not make them again. */
  #settledKey = '';
  #settledBoxes: ColumnBox[] | undefined;
  #settledRows: RowWindow | undefined;
  #onTopRowChange: ((row: number) => void) | undefined;

  attach(elements: GridElements): () => void {
    this.#elements = elements;
    this.#theme = readTheme(elements.root);
    const resized = new ResizeObserver(([entry]) => {
      if (!entry) return;
      this.#size = { width: entry.contentRect.width, height: entry.contentRect.height };
      this.#scrolledTo(this.#scrollTop, this.#scrollLeft);
    });
    resized.observe(elements.body);
    const unwatch = watchTheme(() => {
      this.#theme = readTheme(elements.root);
      this.draw();
    });
    return () => {
      resized.disconnect();
      unwatch();
      if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
      clearTimeout(this.#settleTimer);
      this.#frame = undefined;
      this.#settleTimer = undefined;
      this.#elements = undefined;
    };
  }

  /** Shows other rows, from `firstRow` on; the active cell's column stays. */
  setRows(rows: RowWindow, firstRow: number): () => void {
    const isOtherDataset = this.#rows?.info.name !== rows.info.name;
    this.#rows = rows;
    if (isOtherDataset) {
      this.#widths.clear();
      this.#scrollLeft = 0;
      this.#active = undefined;
    } else if (this.#active) {
      this.#active = { row: firstRow, column: this.#active.column };
    }
    this.#topRow = firstRow;
    this.#scrollTop = firstRow * this.rowHeight;
    const unsubscribe = rows.subscribe(() => this.draw());
    this.draw();
    return unsubscribe;
  }

  /** Who hears of the top row when scrolling rests. */
  followTopRow(listener: ((row: number) => void) | undefined): void {
    this.#onTopRowChange = listener;
  }

  get rowHeight(): number {
    return this.#theme?.rowHeight ?? 28;
  }

  get scrollTop(): number {
    return this.#scrollTop;
  }

  get scrollLeft(): number {
    return this.#scrollLeft;
  }

  get vertical(): Axis {
    const horizontalBar = scrollMax(this.horizontal) > 0 ? SCROLLBAR : 0;
    return {
      content: this.#contentRows * this.rowHeight,
      viewport: this.#size.height - horizontalBar,
    };
  }

  get horizontal(): Axis {
    return {
      content: contentWidth(this.#boxes),
      viewport: Math.max(0, this.#size.width - this.#gutterWidth - SCROLLBAR),
    };
  }

  /** Length of the tracks that the thumbs move in. */
  get tracks(): { vertical: number; horizontal: number } {
    return { vertical: this.vertical.viewport, horizontal: this.horizontal.viewport };
  }

  scrollTo(top: number, left: number): void {
    const before = { top: this.#scrollTop, left: this.#scrollLeft };
    this.#scrolledTo(top, left);
    if (before.top !== this.#scrollTop) this.#hoverRow = undefined;
  }

  scrollBy(dx: number, dy: number): void {
    this.scrollTo(this.#scrollTop + dy, this.#scrollLeft + dx);
  }

  /** Makes a row active and shows it with some rows above it. */
  goToRow(row: number): void {
    const cell = this.#clamp({ row, column: this.#active?.column ?? 0 });
    this.#active = cell;
    const above = Math.floor(this.#pageRows / 3);
    this.scrollTo((cell.row - above) * this.rowHeight, this.#scrollLeft);
  }

  revealColumn(name: string): void {
    const box = this.#boxes.find(({ info }) => info.name === name);
    if (!box) return;
    this.activate({ row: this.#active?.row ?? this.#firstWholeRow, column: box.index });
  }

  /** Makes a cell active and scrolls as little as it takes to show it. */
  activate(cell: Cell): void {
    const active = this.#clamp(cell);
    this.#active = active;
    const box = this.#boxes[active.column];
    const { rowHeight } = this;
    const top = active.row * rowHeight;
    this.scrollTo(
      scrollToReveal(this.#scrollTop, top, rowHeight, this.vertical.viewport),
      box
        ? scrollToReveal(this.#scrollLeft, box.x, box.width, this.horizontal.viewport)
        : this.#scrollLeft,
    );
  }

  /** Whether the key was one of the grid's. */
  press(key: Keystroke): boolean {
    const active = this.#active ?? { row: this.#firstWholeRow, column: 0 };
    const bounds = {
      rowCount: this.#rowCount,
      columnCount: this.#boxes.length,
      pageRows: this.#pageRows,
    };
    const next = cellAfterKey(active, key, bounds);
    if (next) this.activate(next);
    return next !== undefined;
  }

  setFocused(isFocused: boolean): void {
    this.#isFocused = isFocused;
    if (isFocused && !this.#active && this.#rowCount > 0) {
      this.#active = this.#clamp({ row: this.#firstWholeRow, column: 0 });
    }
    this.draw();
  }

  hover(row: number | undefined): void {
    if (row === this.#hoverRow) return;
    this.#hoverRow = row;
    this.draw();
  }

  /** The cell at a point of the body; undefined below the last row or right of the last column. */
  cellAt(x: number, y: number): Cell | undefined {
    const row = Math.floor((this.#scrollTop + y) / this.rowHeight);
    const inColumns = x - this.#gutterWidth + this.#scrollLeft;
    const isInGutter = x < this.#gutterWidth;
    const box = this.#boxes.find((candidate) => inColumns < candidate.x + candidate.width);
    if (row < 0 || row >= this.#rowCount) return undefined;
    if (isInGutter) return { row, column: this.#active?.column ?? 0 };
    return box && { row, column: box.index };
  }

  /** The active cell's whole text; undefined when it is not here. */
  activeText(): string | undefined {
    const active = this.#active;
    const place = active && this.#rows?.row(active.row);
    const vector = place?.table.getChildAt(active?.column ?? 0);
    return place && vector ? plainText(vector, place.index) : undefined;
  }

  widthOf(column: number): number {
    return this.#boxes[column]?.width ?? 0;
  }

  setColumnWidth(column: number, width: number): void {
    const box = this.#boxes[column];
    if (!box) return;
    const bounded = Math.min(Math.max(COLUMN_WIDTH_MIN, Math.round(width)), COLUMN_WIDTH_MAX);
    this.#widths.set(box.info.name, bounded);
    this.#boxesInfo = undefined;
    this.#updateBoxes();
    this.#scrolledTo(this.#scrollTop, this.#scrollLeft);
  }

  /** As wide as its visible texts and its name need. */
  fitColumn(column: number): void {
    const context = this.#elements?.canvas.getContext('2d');
    const box = this.#boxes[column];
    if (!context || !box || !this.#theme) return;
    context.font = box.isNumeric ? this.#theme.numberFont : this.#theme.font;
    const { first, last } = this.#visibleRows();
    let width = context.measureText(box.info.name).width + 24;
    for (let row = first; row <= last; ++row) {
      const place = this.#rows?.row(row);
      const text = place && (textOfCell(place, column) ?? 'null');
      if (text !== undefined) width = Math.max(width, context.measureText(text).width);
    }
    this.setColumnWidth(column, Math.min(640, width + 2 * CELL_PADDING + 2));
  }

  draw(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#drawNow();
    });
  }

  get #rowCount(): number {
    return this.#rows?.rowCount ?? 0;
  }

  /** Rows that can be scrolled to: while they are not counted, those at hand and what is in sight. */
  get #contentRows(): number {
    if (!this.#rows || this.#rows.rowCountIsExact || this.#rows.error) return this.#rowCount;
    return Math.max(
      this.#rowCount,
      Math.ceil(this.#scrollTop / this.rowHeight) + this.#pageRows + 2,
    );
  }

  get #pageRows(): number {
    return Math.max(1, Math.floor(this.#size.height / this.rowHeight) - 1);
  }

  get #firstWholeRow(): number {
    return Math.ceil(this.#scrollTop / this.rowHeight);
  }

  get #gutterWidth(): number {
    // Of all rows, not of those that a filter keeps: columns stay where they are when it changes.
    const rowsMax = Math.max(this.#contentRows, this.#rows?.info.rows ?? 0);
    const digits = rowNumberText(Math.max(rowsMax - 1, 0)).length;
    return Math.max(GUTTER_WIDTH_MIN, Math.ceil(digits * 7.6) + 2 * CELL_PADDING);
  }

  #clamp(cell: Cell): Cell {
    const bounds = { rowCount: this.#contentRows, columnCount: this.#boxes.length, pageRows: 1 };
    return clampCell(cell, bounds);
  }

  #visibleRows(): { first: number; last: number } {
    const count = this.#rows?.rowCountIsExact ? this.#rowCount : Infinity;
    return visibleRows(this.#scrollTop, this.rowHeight, this.vertical.viewport, count);
  }

  #scrolledTo(top: number, left: number): void {
    this.#scrollTop = clampScroll(top, this.vertical);
    this.#scrollLeft = clampScroll(left, this.horizontal);
    this.draw();
  }

  #updateBoxes(): void {
    const info = this.#rows?.info;
    if (!info || info === this.#boxesInfo) return;
    this.#boxesInfo = info;
    this.#boxes = layOut(info.columns, this.#widths);
  }

  #drawNow(): void {
    const { canvas } = this.#elements ?? {};
    const context = canvas?.getContext('2d');
    if (!canvas || !context || !this.#theme || this.#size.height <= 0) return;
    this.#updateBoxes();
    this.#clampToRows();
    const { first, last } = this.#visibleRows();
    this.#rows?.show(first, last);
    this.#fitCanvas(canvas);
    paint(context, this.#scene(this.#theme, first, last));
    this.#moveElements();
    this.#updateHeader();
    this.#unsettle();
  }

  /** Rows may have become fewer, when the dataset changed or their count arrived. */
  #clampToRows(): void {
    if (this.#rows && !this.#rows.rowCountIsExact) return;
    this.#scrollTop = clampScroll(this.#scrollTop, this.vertical);
    this.#scrollLeft = clampScroll(this.#scrollLeft, this.horizontal);
    if (this.#active) this.#active = this.#rowCount > 0 ? this.#clamp(this.#active) : undefined;
  }

  #fitCanvas(canvas: HTMLCanvasElement): void {
    const ratio = devicePixelRatio;
    const width = Math.round(this.#size.width * ratio);
    const height = Math.round(this.#size.height * ratio);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
  }

  #scene(theme: GridTheme, firstRow: number, lastRow: number): Scene {
    const { first, last } = this.#visibleColumns();
    // While rows are not counted, placeholders stand for those that may be there.
    const known = this.#rows?.rowCountIsExact ? lastRow : Math.min(lastRow, this.#contentRows - 1);
    return {
      ...this.#size,
      pixelRatio: devicePixelRatio,
      theme,
      gutterWidth: this.#gutterWidth,
      scrollTop: this.#scrollTop,
      scrollLeft: this.#scrollLeft,
      columns: this.#boxes.slice(first, last + 1),
      firstRow,
      lastRow: known,
      place: (row) => this.#rows?.row(row),
      hasFailed: (row) => this.#rows?.hasFailed(row) ?? false,
      active: this.#active,
      isFocused: this.#isFocused,
      hoverRow: this.#hoverRow,
      bars: {
        right: scrollMax(this.vertical) > 0 ? SCROLLBAR : 0,
        bottom: scrollMax(this.horizontal) > 0 ? SCROLLBAR : 0,
      },
    };
  }

  #visibleColumns(): { first: number; last: number } {
    return visibleColumns(this.#boxes, this.#scrollLeft, this.horizontal.viewport + SCROLLBAR);
  }

  #moveElements(): void {
    const elements = this.#elements;
    if (!elements) return;
    elements.header.style.transform = `translateX(${-this.#scrollLeft}px)`;
    elements.readable.style.visibility = 'visible';
    const { vertical, horizontal } = this.tracks;
    placeThumb(elements.verticalThumb, 'y', thumbOf(this.#scrollTop, this.vertical, vertical));
    placeThumb(
      elements.horizontalThumb,
      'x',
      thumbOf(this.#scrollLeft, this.horizontal, horizontal),
      this.#gutterWidth,
    );
  }

  #updateHeader(): void {
    const { first, last } = this.#visibleColumns();
    const gutterWidth = this.#gutterWidth;
    const activeColumn = this.#active?.column ?? 0;
    const before = this.header.get();
    const isSame =
      before.boxes === this.#boxes &&
      before.first === first &&
      before.last === last &&
      before.gutterWidth === gutterWidth &&
      before.activeColumn === activeColumn;
    if (!isSame) this.header.set({ boxes: this.#boxes, first, last, gutterWidth, activeColumn });
  }

  /** The DOM rows follow when the scroll rests, and now and then while it does not. */
  #unsettle(): void {
    const now = performance.now();
    this.#unsettledSince ??= now;
    clearTimeout(this.#settleTimer);
    const delay = now - this.#unsettledSince > SETTLE_MAX_MS ? 0 : SETTLE_MS;
    this.#settleTimer = setTimeout(() => {
      this.#unsettledSince = undefined;
      this.#settle();
    }, delay);
  }

  #settle(): void {
    const key = [
      this.#scrollTop,
      this.#scrollLeft,
      this.#size.width,
      this.#size.height,
      this.#rows?.revision,
      this.#active?.row,
      this.#active?.column,
    ].join(' ');
    const isSame = key === this.#settledKey && this.#boxes === this.#settledBoxes;
    if (isSame && this.#rows === this.#settledRows) return;
    this.#settledKey = key;
    this.#settledBoxes = this.#boxes;
    this.#settledRows = this.#rows;
    this.readable.set(this.#readableRows());
    const topRow = Math.floor(this.#scrollTop / this.rowHeight);
    if (topRow === this.#topRow) return;
    this.#topRow = topRow;
    this.#onTopRowChange?.(topRow);
  }

  #readableRows(): ReadableRows {
    const { first, last } = this.#visibleRows();
    const columns = this.#visibleColumns();
    const boxes = this.#boxes.slice(columns.first, columns.last + 1);
    const rows: ReadableRows['rows'][number][] = [];
    const end = Math.min(last, this.#contentRows - 1);
    for (let row = first; row <= end; ++row) {
      const place = this.#rows?.row(row);
      const cells = boxes.map(({ index, x, width }) => ({
        column: index,
        x: x - this.#scrollLeft,
        width,
        text: place && textOfCell(place, index),
      }));
      rows.push({ row, top: row * this.rowHeight - this.#scrollTop, cells });
    }
    return {
      rows,
      active: this.#active,
      rowHeight: this.rowHeight,
      gutterWidth: this.#gutterWidth,
    };
  }
}

function placeThumb(element: HTMLElement, axis: 'x' | 'y', thumb: Thumb | undefined, start = 0) {
  element.parentElement!.style.display = thumb ? 'block' : 'none';
  if (axis === 'x') element.parentElement!.style.left = `${start}px`;
  if (!thumb) return;
  element.style[axis === 'x' ? 'width' : 'height'] = `${thumb.size}px`;
  element.style.transform = `translate${axis.toUpperCase()}(${thumb.offset}px)`;
}
