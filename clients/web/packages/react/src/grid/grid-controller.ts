import { exactText } from '../number-text.js';
import { textOfCell } from './cell-texts.js';
import type { ColumnArrangement } from './column-arrangement.js';
import { boundedWidth, contentWidth, type ColumnBox } from './column-layout.js';
import { GridColumns } from './grid-columns.js';
import { groupAt, isGrouped, type GridRows } from './grid-rows.js';
import { cellAfterKey, clampCell, type Bounds, type Cell, type Keystroke } from './keyboard.js';
import { groupAfterKey } from './group-keys.js';
import { paint } from './painter.js';
import { CELL_PADDING, type Scene } from './scene.js';
import {
  clampScroll,
  scrollMax,
  scrollToReveal,
  thumbOf,
  visibleRows,
  type Axis,
  type Thumb,
} from './scroll-geometry.js';
import type { HeaderLayout, ReadableRows } from './grid-view.js';
import { readableRows } from './readable-model.js';
import { Selection } from './selection.js';
import { Signal } from './signal.js';
import { readTheme, watchTheme, type GridTheme } from './theme.js';

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
    pinned: [],
    scrolled: [],
    pinnedWidth: 0,
    count: 0,
    gutterWidth: GUTTER_WIDTH_MIN,
    activeColumn: 0,
  });
  readonly readable = new Signal<ReadableRows>({
    rows: [],
    active: undefined,
    selection: Selection.none,
    rowHeight: 28,
    gutterWidth: GUTTER_WIDTH_MIN,
  });

  readonly columns = new GridColumns();
  #rows: GridRows | undefined;
  #elements: GridElements | undefined;
  #theme: GridTheme | undefined;
  #size = { width: 0, height: 0 };
  #scrollTop = 0;
  #scrollLeft = 0;
  #selection = Selection.none;
  #isFocused = false;
  #hoverRow: number | undefined;
  #frame: number | undefined;
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  #unsettledSince: number | undefined;
  #topRow = 0;
  /** What the DOM rows were made of: a mouse that hovers must not make them again. */
  #settledKey = '';
  #settledBoxes: readonly ColumnBox[] | undefined;
  #settledRows: GridRows | undefined;
  #settledSelection: Selection | undefined;
  #onTopRowChange: ((row: number) => void) | undefined;
  #onSelect: ((selection: Selection) => void) | undefined;

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

  /** Shows other rows, from `firstRow` on; the active cell goes to `activeRow`, its column stays. */
  setRows(rows: GridRows, firstRow: number, activeRow?: number): () => void {
    const isOtherDataset = this.#rows?.info.name !== rows.info.name;
    const column = this.#active?.column;
    this.#rows = rows;
    if (isOtherDataset) this.#scrollLeft = 0;
    this.#selection =
      isOtherDataset || column === undefined
        ? Selection.none
        : Selection.at({ row: activeRow ?? firstRow, column });
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

  /** Who hears of the selection when it rests. */
  followSelection(listener: ((selection: Selection) => void) | undefined): void {
    this.#onSelect = listener;
  }

  arrange(arrangement: ColumnArrangement): void {
    this.columns.arrange(arrangement);
    this.#scrolledTo(this.#scrollTop, this.#scrollLeft);
  }

  get rows(): GridRows | undefined {
    return this.#rows;
  }

  get selection(): Selection {
    return this.#selection;
  }

  get place(): { topRow: number; activeRow: number | undefined } {
    return { topRow: Math.floor(this.#scrollTop / this.rowHeight), activeRow: this.#active?.row };
  }

  get #active(): Cell | undefined {
    return this.#selection.active;
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
      content: this.columns.width,
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
    this.#selection = Selection.at(cell);
    const above = Math.floor(this.#pageRows / 3);
    this.scrollTo((cell.row - above) * this.rowHeight, this.#scrollLeft);
  }

  revealColumn(name: string): void {
    const box = this.columns.box(name);
    if (box) this.activate({ row: this.#active?.row ?? this.#firstWholeRow, column: box.index });
  }

  /** Makes a cell active and scrolls as little as it takes to show it. */
  activate(cell: Cell): void {
    this.#selection = Selection.at(this.#clamp(cell));
    this.#reveal(this.#selection.active!);
  }

  /** Selects everything between the anchor and a cell. */
  extendTo(cell: Cell): void {
    this.#selection = this.#selection.extendedTo(this.#clamp(cell));
    this.#reveal(this.#selection.active!);
  }

  selectAll(): void {
    this.#selection = Selection.all(this.#active, this.#bounds);
    this.draw();
  }

  /** Whether the key was one of the grid's. */
  press(key: Keystroke): boolean {
    const active = this.#active ?? { row: this.#firstWholeRow, column: 0 };
    if (this.#pressOnGroup(active, key)) return true;
    if ((key.ctrlKey || key.metaKey) && key.key === 'a') {
      this.selectAll();
      return true;
    }
    if (key.key === 'Escape' && !this.#selection.isOneCell && this.#active) {
      this.activate(this.#active);
      return true;
    }
    const next = cellAfterKey(active, key, this.#bounds);
    if (!next) return false;
    if (key.shiftKey) this.extendTo(next);
    else this.activate(next);
    return true;
  }

  /** Opens or closes the group at a line; whether there is one. */
  toggleGroup(line: number): boolean {
    if (!isGrouped(this.#rows) || !this.#rows.group(line)) return false;
    this.#rows.toggle(line);
    return true;
  }

  #pressOnGroup(active: Cell, key: Keystroke): boolean {
    const move = isGrouped(this.#rows) ? groupAfterKey(this.#rows, active, key) : undefined;
    if (move === 'toggle') return this.toggleGroup(active.row);
    if (move) this.activate(move);
    return move !== undefined;
  }

  /** Scrolls sideways as little as it takes to show a column. */
  showColumn(box: ColumnBox): void {
    this.scrollTo(this.#scrollTop, this.#scrollLeftFor(box));
  }

  #reveal(cell: Cell): void {
    const box = this.columns.boxes[cell.column];
    const { rowHeight } = this;
    this.scrollTo(
      scrollToReveal(this.#scrollTop, cell.row * rowHeight, rowHeight, this.vertical.viewport),
      box ? this.#scrollLeftFor(box) : this.#scrollLeft,
    );
  }

  #scrollLeftFor(box: ColumnBox): number {
    const pinnedWidth = this.#pinnedWidth;
    if (box.x < pinnedWidth) return this.#scrollLeft;
    const viewport = this.horizontal.viewport - pinnedWidth;
    return scrollToReveal(this.#scrollLeft, box.x - pinnedWidth, box.width, viewport);
  }

  setFocused(isFocused: boolean): void {
    this.#isFocused = isFocused;
    if (isFocused && !this.#active && this.#rowCount > 0) {
      this.#selection = Selection.at(this.#clamp({ row: this.#firstWholeRow, column: 0 }));
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
    if (row < 0 || row >= this.#rowCount) return undefined;
    const inColumns = x - this.#gutterWidth;
    if (inColumns < 0) return { row, column: this.#active?.column ?? 0 };
    const box = this.columns.at(inColumns, this.#scrollLeft, this.horizontal.viewport);
    return box && { row, column: box.index };
  }

  /** The cell nearest to a point that may lie outside: what a drag over the edge means. */
  nearestCell(x: number, y: number): Cell {
    const inside = {
      x: Math.min(Math.max(x, this.#gutterWidth), this.#gutterWidth + this.columns.width - 1),
      y: Math.min(Math.max(y, 0), this.vertical.viewport - 1),
    };
    const last = { row: this.#rowCount - 1, column: this.columns.boxes.length - 1 };
    return this.cellAt(inside.x, inside.y) ?? last;
  }

  /** Where the cells are in the body, the row numbers and the bars left out. */
  get cellsArea(): { left: number; right: number; bottom: number } {
    const left = this.#gutterWidth;
    return { left, right: left + this.horizontal.viewport, bottom: this.vertical.viewport };
  }

  /** The width that shows a column's visible texts and its name. */
  fittingWidth(box: ColumnBox): number {
    const context = this.#elements?.canvas.getContext('2d');
    if (!context || !this.#theme) return box.width;
    context.font = box.isNumeric ? this.#theme.numberFont : this.#theme.font;
    const { first, last } = this.#visibleRows();
    let width = context.measureText(box.info.name).width + 42;
    for (let row = first; row <= last; ++row) {
      const place = this.#rows?.row(row);
      const text = place && (textOfCell(place, box.source) ?? 'null');
      if (text !== undefined) width = Math.max(width, context.measureText(text).width);
    }
    return boundedWidth(Math.min(640, width + 2 * CELL_PADDING + 2));
  }

  /** Where a column that is dragged over the header would go: before which one, and that place. */
  dropPlace(x: number): { before: string | undefined; x: number } {
    return this.columns.dropPlace(x - this.#gutterWidth, this.#scrollLeft, {
      viewport: this.horizontal.viewport,
      left: this.#gutterWidth,
    });
  }

  dragColumnWidth(name: string, width: number): void {
    this.columns.dragWidth(name, width);
    this.#scrolledTo(this.#scrollTop, this.#scrollLeft);
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
    const digits = exactText(Math.max(rowsMax - 1, 0)).length;
    return Math.max(GUTTER_WIDTH_MIN, Math.ceil(digits * 7.6) + 2 * CELL_PADDING);
  }

  get #bounds(): Bounds {
    const columnCount = this.columns.boxes.length;
    return { rowCount: this.#rowCount, columnCount, pageRows: this.#pageRows };
  }

  get #pinnedWidth(): number {
    return contentWidth(this.columns.pinned(this.horizontal.viewport));
  }

  #clamp(cell: Cell): Cell {
    return clampCell(cell, { ...this.#bounds, rowCount: this.#contentRows });
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

  #drawNow(): void {
    const { canvas } = this.#elements ?? {};
    const context = canvas?.getContext('2d');
    if (!canvas || !context || !this.#theme || this.#size.height <= 0) return;
    this.columns.follow(this.#rows?.info);
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
    if (this.#active) this.#selection = this.#selection.clamped(this.#bounds);
  }

  #fitCanvas(canvas: HTMLCanvasElement): void {
    const ratio = devicePixelRatio;
    const width = Math.round(this.#size.width * ratio);
    const height = Math.round(this.#size.height * ratio);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
  }

  #scene(theme: GridTheme, firstRow: number, lastRow: number): Scene {
    const { viewport } = this.horizontal;
    // While rows are not counted, placeholders stand for those that may be there.
    const known = this.#rows?.rowCountIsExact ? lastRow : Math.min(lastRow, this.#contentRows - 1);
    return {
      ...this.#size,
      pixelRatio: devicePixelRatio,
      theme,
      gutterWidth: this.#gutterWidth,
      scrollTop: this.#scrollTop,
      scrollLeft: this.#scrollLeft,
      pinned: this.columns.pinned(viewport),
      scrolled: this.columns.scrolled(this.#scrollLeft, viewport + SCROLLBAR),
      firstRow,
      lastRow: known,
      place: (row) => this.#rows?.row(row),
      hasFailed: (row) => this.#rows?.hasFailed(row) ?? false,
      group: (row) => groupAt(this.#rows, row),
      label: (row) => this.label(row),
      active: this.#active,
      range: this.#selection.isOneCell ? undefined : this.#selection.range,
      isFocused: this.#isFocused,
      hoverRow: this.#hoverRow,
      bars: {
        right: scrollMax(this.vertical) > 0 ? SCROLLBAR : 0,
        bottom: scrollMax(this.horizontal) > 0 ? SCROLLBAR : 0,
      },
    };
  }

  #readable(): ReadableRows {
    const { viewport } = this.horizontal;
    const { first, last } = this.#visibleRows();
    return readableRows({
      rows: this.#rows,
      first,
      last: Math.min(last, this.#contentRows - 1),
      pinned: this.columns.pinned(viewport),
      scrolled: this.columns.scrolled(this.#scrollLeft, viewport + SCROLLBAR),
      scrollTop: this.#scrollTop,
      scrollLeft: this.#scrollLeft,
      label: (row) => this.label(row),
      frame: {
        active: this.#active,
        selection: this.#selection,
        rowHeight: this.rowHeight,
        gutterWidth: this.#gutterWidth,
      },
    });
  }

  /** The row's number; within a group counted from the group's first. */
  label(row: number): string {
    if (!isGrouped(this.#rows)) return exactText(row);
    const inGroup = this.#rows.rowInGroup(row);
    return inGroup === undefined ? '' : exactText(inGroup);
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
    const { viewport } = this.horizontal;
    const next: HeaderLayout = {
      pinned: this.columns.pinned(viewport),
      scrolled: this.columns.scrolled(this.#scrollLeft, viewport + SCROLLBAR),
      pinnedWidth: this.#pinnedWidth,
      count: this.columns.boxes.length,
      gutterWidth: this.#gutterWidth,
      activeColumn: this.#active?.column ?? 0,
    };
    const before = this.header.get();
    const isSame =
      sameItems(before.pinned, next.pinned) &&
      sameItems(before.scrolled, next.scrolled) &&
      before.gutterWidth === next.gutterWidth &&
      before.count === next.count &&
      before.activeColumn === next.activeColumn;
    if (!isSame) this.header.set(next);
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
    ].join(' ');
    const isSame =
      key === this.#settledKey &&
      this.columns.boxes === this.#settledBoxes &&
      this.#selection === this.#settledSelection;
    if (isSame && this.#rows === this.#settledRows) return;
    this.#settledKey = key;
    this.#settledBoxes = this.columns.boxes;
    if (this.#settledSelection !== this.#selection) this.#onSelect?.(this.#selection);
    this.#settledSelection = this.#selection;
    this.#settledRows = this.#rows;
    this.readable.set(this.#readable());
    const topRow = Math.floor(this.#scrollTop / this.rowHeight);
    if (topRow === this.#topRow) return;
    this.#topRow = topRow;
    this.#onTopRowChange?.(topRow);
  }
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function placeThumb(element: HTMLElement, axis: 'x' | 'y', thumb: Thumb | undefined, start = 0) {
  element.parentElement!.style.display = thumb ? 'block' : 'none';
  if (axis === 'x') element.parentElement!.style.left = `${start}px`;
  if (!thumb) return;
  element.style[axis === 'x' ? 'width' : 'height'] = `${thumb.size}px`;
  element.style.transform = `translate${axis.toUpperCase()}(${thumb.offset}px)`;
}
