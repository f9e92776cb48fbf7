import type { Table } from 'apache-arrow';

import type { BowshotError } from './error.js';

export interface Page {
  table: Table;
  bytes: number;
  /** Rows of the page before the table's first. */
  skipped: number;
  /** Why the page's rows beside the table's cannot be had; undefined where there are none. */
  refusal: BowshotError | undefined;
}

/** Pages by number; when there are too many, or too many bytes, the least recently used go. */
export class PageCache {
  readonly #pagesMax: number;
  readonly #bytesMax: number;
  /** In order of use: a Map keeps the order of insertion. */
  readonly #pages = new Map<number, Page>();
  #bytes = 0;

  constructor(pagesMax: number, bytesMax: number) {
    this.#pagesMax = pagesMax;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#pages.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(index: number): boolean {
    return this.#pages.has(index);
  }

  /** The page, which counts as used. */
  get(index: number): Page | undefined {
    const page = this.#pages.get(index);
    if (page) {
      this.#pages.delete(index);
      this.#pages.set(index, page);
    }
    return page;
  }

  /** Adds a page; `keep` are those that must not go for it. */
  set(index: number, page: Page, keep: ReadonlySet<number>): void {
    this.#remove(index);
    this.#pages.set(index, page);
    this.#bytes += page.bytes;
    for (const candidate of [...this.#pages.keys()]) {
      if (this.#pages.size <= this.#pagesMax && this.#bytes <= this.#bytesMax) return;
      if (candidate !== index && !keep.has(candidate)) this.#remove(candidate);
    }
  }

  /** Lets go of the pages that lack rows. */
  dropPartial(): void {
    for (const [index, { refusal }] of [...this.#pages]) if (refusal) this.#remove(index);
  }

  clear(): void {
    this.#pages.clear();
    this.#bytes = 0;
  }

  #remove(index: number): void {
    const page = this.#pages.get(index);
    if (!page) return;
    this.#pages.delete(index);
    this.#bytes -= page.bytes;
  }
}
