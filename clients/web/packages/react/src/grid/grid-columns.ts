import type { DatasetInfo } from '@bowshot/client';

import { arrange, NATURAL_ARRANGEMENT, type ColumnArrangement } from './column-arrangement.js';
import {
  boundedWidth,
  contentWidth,
  layOut,
  pinnedBoxes,
  visibleColumns,
  type ColumnBox,
} from './column-layout.js';

/** The columns of a grid as they stand: arranged by the reader, some pinned, one being dragged wider. */
export class GridColumns {
  boxes: readonly ColumnBox[] = [];
  #arrangement: ColumnArrangement = NATURAL_ARRANGEMENT;
  #info: DatasetInfo | undefined;
  /** A width under way: the arrangement hears of it when the drag ends. */
  #dragged: { name: string; width: number } | undefined;

  arrange(arrangement: ColumnArrangement): void {
    this.#arrangement = arrangement;
    this.#dragged = undefined;
    this.#layOut();
  }

  /** Follows the schema; cheap when it is the same. */
  follow(info: DatasetInfo | undefined): void {
    if (info === this.#info) return;
    this.#info = info;
    this.#layOut();
  }

  dragWidth(name: string, width: number): void {
    this.#dragged = { name, width: boundedWidth(width) };
    this.#layOut();
  }

  get width(): number {
    return contentWidth(this.boxes);
  }

  box(name: string): ColumnBox | undefined {
    return this.boxes.find(({ info }) => info.name === name);
  }

  pinned(viewport: number): readonly ColumnBox[] {
    return pinnedBoxes(this.boxes, viewport);
  }

  /** The scrolling columns in sight: what `viewport` shows right of the pinned ones. */
  scrolled(scrollLeft: number, viewport: number): readonly ColumnBox[] {
    const pinned = this.pinned(viewport);
    const rest = this.boxes.slice(pinned.length);
    const hidden = contentWidth(pinned);
    const { first, last } = visibleColumns(rest, scrollLeft + hidden, viewport - hidden);
    return rest.slice(first, last + 1);
  }

  /** The column at a place right of the row numbers. */
  at(x: number, scrollLeft: number, viewport: number): ColumnBox | undefined {
    const pinned = this.pinned(viewport);
    if (x < contentWidth(pinned)) return pinned.find((box) => x < box.x + box.width);
    const inColumns = x + scrollLeft;
    return this.boxes.slice(pinned.length).find((box) => inColumns < box.x + box.width);
  }

  /** The gap between columns that is nearest to a place right of the row numbers. */
  dropPlace(
    x: number,
    scrollLeft: number,
    { viewport, left }: { viewport: number; left: number },
  ): { before: string | undefined; x: number } {
    const under = this.at(x, scrollLeft, viewport) ?? this.boxes.at(-1);
    if (!under) return { before: undefined, x: left };
    const isPinned = this.pinned(viewport).includes(under);
    const start = under.x - (isPinned ? 0 : scrollLeft);
    if (x < start + under.width / 2) return { before: under.info.name, x: left + start };
    return { before: this.boxes[under.index + 1]?.info.name, x: left + start + under.width };
  }

  #layOut(): void {
    const widths = new Map(Object.entries(this.#arrangement.widths));
    if (this.#dragged) widths.set(this.#dragged.name, this.#dragged.width);
    this.boxes = layOut(arrange(this.#info?.columns ?? [], this.#arrangement), widths);
  }
}
