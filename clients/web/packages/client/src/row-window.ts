import type { Table } from 'apache-arrow';

import type { AnswerFacts, WholeAnswer } from './answer.js';
import { Backoff } from './backoff.js';
import type { Dataset, DatasetInfo } from './client.js';
import { BowshotError } from './error.js';
import { withinEnds, type Slice } from './order-ends.js';
import { PageCache, type Page } from './page-cache.js';
import { ROW_NUMBER, type RowsParameters } from './request.js';

/** Which rows a window shows: the parameters of `rows` without the slice. */
export type RowsView = Omit<RowsParameters, 'offset' | 'limit' | 'version'>;

/** Where a RowWindow gets its rows; `datasetRows` is the usual one. */
export interface RowSource {
  page(slice: Slice & { version: string }, signal: AbortSignal): Promise<WholeAnswer>;
  count(version: string, signal: AbortSignal): Promise<number>;
  info(signal: AbortSignal): Promise<DatasetInfo>;
}

export interface RowWindowOptions {
  /** Rows of one page. Default 256. */
  pageRows?: number;
  /** Limits of what is kept; visible pages are never dropped. Default 96 pages, 64 MiB. */
  pagesMax?: number;
  bytesMax?: number;
  /** Requests at a time. Default 3: browsers open six connections to a server. */
  requestsMax?: number;
  /** Pages asked for ahead of the way that the reader scrolls. Default 2. */
  prefetchPages?: number;
  /** The least time between two changes of what is asked for. Default 40. */
  paceMs?: number;
  /** Called when the dataset has another version than the window was opened with. */
  onVersionChange?: (info: DatasetInfo) => void;
}

/** One row, still in its columns: `table.getChildAt(column)?.get(index)`. */
export interface RowPlace {
  table: Table;
  index: number;
}

const VERSION_CHANGES_MAX = 5;
/** Rows of one request of `read`. */
const READ_ROWS_MAX = 10_000;
const REST_AFTER_JUMP_MS = 150;

/**
 * A dataset's rows under a view, as a source of pages. With `numbered` (the dataset as it is known)
 * every row carries its number in a last column, `_row`, where the dataset has numbers.
 */
export function datasetRows(dataset: Dataset, view: RowsView, numbered?: DatasetInfo): RowSource {
  let { select } = view;
  const follow = (info: DatasetInfo | undefined) => {
    const names = info?.columns.map(({ name }) => name) ?? [];
    if (!info?.rowNumbers || names.includes('_row')) return;
    select = [...(view.select ?? names), ROW_NUMBER];
  };
  follow(numbered);
  return {
    page: ({ offset, limit, version }, signal) =>
      dataset.rows({ ...view, select, offset, limit, version }).read({ signal }),
    count: (version, signal) =>
      dataset.count({ filter: view.filter, compute: view.compute, version }, { signal }),
    async info(signal) {
      const info = await dataset.info({ signal });
      if (numbered) follow(info);
      return info;
    },
  };
}

/**
 * The rows around the place where a reader is, out of as many as there are: pages come when they are
 * shown, the latest place first, and the least recently shown go. Requests that nobody waits for any
 * more are aborted, which stops their queries at the server.
 *
 * Life cycle: made for one dataset and one view; making it sends nothing. It works while someone is
 * subscribed: the last one to leave aborts what is under way, the next one to come resumes. `show`
 * says what is visible, as often as it likes. When the dataset changes underneath, pages are dropped,
 * the new version is asked for and the visible rows are loaded again: the place stays.
 *
 *     const rows = new RowWindow(datasetRows(flights, { filter }), await flights.info());
 *     rows.subscribe(redraw);
 *     rows.show(999_999_970, 999_999_999);
 */
export class RowWindow {
  readonly pageRows: number;
  readonly #source: RowSource;
  readonly #options: Required<Omit<RowWindowOptions, 'onVersionChange'>>;
  readonly #onVersionChange: ((info: DatasetInfo) => void) | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #cache: PageCache;
  readonly #isFiltered: boolean;

  #info: DatasetInfo;
  #rowCount = 0;
  #rowCountIsExact = false;
  #error: BowshotError | undefined;
  #countError: BowshotError | undefined;
  #facts: AnswerFacts | undefined;
  #revision = 0;
  #versionChanges = 0;
  #pageErrors = new Map<number, BowshotError>();
  #loading = new Map<number, AbortController>();
  #visible = { first: 0, last: -1 };
  /**
   * Pages that were asked for ahead since the reader moved. Each once: where the limit has no room
   * for all of them they would drive each other out and be asked for again, for ever.
   */
  #triedAhead = new Set<number>();
  #isForward = true;
  /** Aborts what is not a page: the count, the reopening. A new one for every version. */
  #life = new AbortController();
  #isCounting = false;
  /** The version that the pages were of is gone, and the new one is not here yet. */
  #needsReopening = false;
  readonly #backoff = new Backoff();
  #jumpTimer: ReturnType<typeof setTimeout> | undefined;
  #paceTimer: ReturnType<typeof setTimeout> | undefined;

  /** `isFiltered`: whether the view keeps fewer rows than the dataset has. */
  constructor(
    source: RowSource,
    info: DatasetInfo,
    { isFiltered = false, ...options }: RowWindowOptions & { isFiltered?: boolean } = {},
  ) {
    this.#source = source;
    this.#info = info;
    this.#isFiltered = isFiltered;
    this.#onVersionChange = options.onVersionChange;
    this.#options = {
      pageRows: options.pageRows ?? 256,
      pagesMax: options.pagesMax ?? 96,
      bytesMax: options.bytesMax ?? 64 << 20,
      requestsMax: options.requestsMax ?? 3,
      prefetchPages: options.prefetchPages ?? 2,
      paceMs: options.paceMs ?? 40,
    };
    this.pageRows = this.#options.pageRows;
    this.#cache = new PageCache(this.#options.pagesMax, this.#options.bytesMax);
    this.#resetCount();
  }

  /** The dataset as the window knows it: schema and version. */
  get info(): DatasetInfo {
    return this.#info;
  }

  /** Rows of the view: a lower bound until `rowCountIsExact`. */
  get rowCount(): number {
    return this.#rowCount;
  }

  get rowCountIsExact(): boolean {
    return this.#rowCountIsExact;
  }

  /** Why no page can be had, a filter that is wrong for one. `retry` forgets it. */
  get error(): BowshotError | undefined {
    return this.#error;
  }

  /** Why the rows could not be counted, while pages can be had. `retry` counts again. */
  get countError(): BowshotError | undefined {
    return this.#countError;
  }

  /** What the latest page said of its answer. */
  get facts(): AnswerFacts | undefined {
    return this.#facts;
  }

  /** Grows with every change: a snapshot for `useSyncExternalStore`. */
  get revision(): number {
    return this.#revision;
  }

  get isLoading(): boolean {
    return this.#loading.size > 0;
  }

  /** When a server that is busy or away is asked again, as `Date.now()` counts; undefined: it is not. */
  get retryAt(): number | undefined {
    return this.#backoff.at;
  }

  /** Rows for a copy: read now, whole, and not kept. Fewer than asked for only at the end. */
  async read(first: number, count: number, signal: AbortSignal): Promise<RowPlace[]> {
    const places: RowPlace[] = [];
    while (places.length < count) {
      const here = this.row(first + places.length);
      if (here) {
        places.push(here);
        continue;
      }
      const offset = first + places.length;
      const limit = Math.min(count - places.length, READ_ROWS_MAX);
      const { version } = this.#info;
      const { table } = await this.#source.page({ offset, limit, version }, signal);
      for (let index = 0; index < table.numRows; ++index) places.push({ table, index });
      if (table.numRows < limit) break;
    }
    return places;
  }

  /** The first rows among the visible pages that could not be loaded, where some are in sight. */
  get visibleError(): { error: BowshotError; firstRow: number; lastRow: number } | undefined {
    for (const page of this.#visiblePages()) {
      const missing = this.#missing(page);
      if (!missing) continue;
      const { first, last } = this.#visible;
      if (missing.firstRow <= last && missing.lastRow >= first) return missing;
    }
    return undefined;
  }

  /** The rows of a page that could not be loaded: all of it, or those beyond the ends of an order. */
  #missing(index: number): { error: BowshotError; firstRow: number; lastRow: number } | undefined {
    const begin = index * this.pageRows;
    const end = Math.min(begin + this.pageRows, this.rowCount);
    const error = this.#pageErrors.get(index);
    if (error) return { error, firstRow: begin, lastRow: end - 1 };
    const page = this.#cache.get(index);
    if (!page?.refusal) return undefined;
    return page.skipped > 0
      ? { error: page.refusal, firstRow: begin, lastRow: begin + page.skipped - 1 }
      : { error: page.refusal, firstRow: begin + page.table.numRows, lastRow: end - 1 };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#resume();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  };

  /** Where a row is, or undefined while its page is not here. */
  row(row: number): RowPlace | undefined {
    const page = this.#cache.get(Math.floor(row / this.pageRows));
    if (!page) return undefined;
    const index = (row % this.pageRows) - page.skipped;
    return index >= 0 && index < page.table.numRows ? { table: page.table, index } : undefined;
  }

  /** Whether a row failed to load and waits for `retry`. */
  hasFailed(row: number): boolean {
    if (this.#error !== undefined) return true;
    const missing = this.#missing(Math.floor(row / this.pageRows));
    return missing !== undefined && row >= missing.firstRow && row <= missing.lastRow;
  }

  /** Says which rows are visible, both ends included; the rest follows. */
  show(first: number, last: number): void {
    const previous = this.#visible;
    if (first === previous.first && last === previous.last) return;
    if (Math.abs(first - previous.first) > this.pageRows) this.#postponePagesAhead();
    if (first !== previous.first) this.#isForward = first > previous.first;
    this.#visible = { first: Math.max(0, first), last };
    this.#triedAhead.clear();
    this.#forgetErrorsOutOfSight();
    // Paced, not postponed: during a long drag the rows under the thumb still appear.
    if (this.#paceTimer !== undefined || !this.#isActive) return;
    this.#load();
    this.#paceTimer = setTimeout(() => {
      this.#paceTimer = undefined;
      this.#load();
    }, this.#options.paceMs);
  }

  /** After a jump, and while a thumb is dragged, nobody knows yet what lies ahead. */
  #postponePagesAhead(): void {
    clearTimeout(this.#jumpTimer);
    this.#jumpTimer = setTimeout(() => {
      this.#jumpTimer = undefined;
      this.#load();
    }, REST_AFTER_JUMP_MS);
  }

  /** Asks again for what failed. */
  retry(): void {
    this.#error = undefined;
    this.#countError = undefined;
    this.#versionChanges = 0;
    this.#pageErrors.clear();
    this.#cache.dropPartial();
    this.#backoff.cancel();
    if (this.#needsReopening) void this.#reopen();
    else this.#resume();
    this.#changed();
  }

  get #isActive(): boolean {
    return this.#listeners.size > 0;
  }

  #resume(): void {
    if (this.#needsReopening) {
      void this.#reopen();
      return;
    }
    if (this.#life.signal.aborted) this.#life = new AbortController();
    if (!this.#rowCountIsExact) void this.#count();
    this.#load();
  }

  #stop(): void {
    clearTimeout(this.#paceTimer);
    this.#paceTimer = undefined;
    clearTimeout(this.#jumpTimer);
    this.#jumpTimer = undefined;
    this.#backoff.cancel();
    this.#life.abort();
    this.#isCounting = false;
    this.#abortPages(() => true);
  }

  #abortPages(isUnwanted: (page: number) => boolean): void {
    for (const [page, controller] of this.#loading) {
      if (!isUnwanted(page)) continue;
      controller.abort();
      this.#loading.delete(page);
    }
  }

  #resetCount(): void {
    this.#rowCountIsExact = !this.#isFiltered;
    this.#rowCount = this.#isFiltered ? 0 : this.#info.rows;
  }

  async #count(): Promise<void> {
    if (this.#isCounting) return;
    this.#isCounting = true;
    const { signal } = this.#life;
    try {
      const count = await this.#source.count(this.#info.version, signal);
      if (signal.aborted) return;
      this.#isCounting = false;
      this.#setRowCount(count, true);
    } catch (error) {
      if (signal.aborted) return;
      this.#isCounting = false;
      this.#failCount(BowshotError.of(error));
    }
  }

  /** Starts what should be loading, ends what should not. */
  #load(): void {
    if (!this.#isActive || this.#error || this.#needsReopening) return;
    const visible = this.#existing(this.#visiblePages());
    const nearby = this.#existing(this.#nearbyPages());
    this.#abortPages((page) => !visible.includes(page) && !nearby.includes(page));
    // A page ahead is worth a request only when the visible ones are here.
    const isVisibleHere = visible.every((page) => this.#cache.has(page));
    if (isVisibleHere && this.#jumpTimer !== undefined) return;
    for (const page of isVisibleHere ? nearby : visible) {
      if (this.#loading.size >= this.#options.requestsMax) break;
      if (this.#cache.has(page) || this.#loading.has(page) || this.#pageErrors.has(page)) continue;
      if (isVisibleHere && this.#triedAhead.has(page)) continue;
      if (isVisibleHere) this.#triedAhead.add(page);
      void this.#loadPage(page);
    }
  }

  /** Those ahead of the way that the reader goes, then one behind. */
  #nearbyPages(): number[] {
    const visible = this.#visiblePages();
    const first = visible[0];
    const last = visible.at(-1);
    if (first === undefined || last === undefined) return [];
    const ahead = Array.from({ length: this.#options.prefetchPages }, (_, step) =>
      this.#isForward ? last + 1 + step : first - 1 - step,
    );
    return [...ahead, this.#isForward ? first - 1 : last + 1];
  }

  #existing(pages: number[]): number[] {
    const end = this.#rowCountIsExact ? Math.ceil(this.#rowCount / this.pageRows) : Infinity;
    return pages.filter((page) => page >= 0 && page < end);
  }

  #visiblePages(): number[] {
    const { first, last } = this.#visible;
    const pages: number[] = [];
    const lastPage = Math.floor(last / this.pageRows);
    for (let page = Math.floor(first / this.pageRows); page <= lastPage; ++page) pages.push(page);
    return pages;
  }

  async #loadPage(index: number): Promise<void> {
    const controller = new AbortController();
    this.#loading.set(index, controller);
    const { signal } = controller;
    const slice = { offset: index * this.pageRows, limit: this.pageRows };
    try {
      const page = await this.#ask(slice, signal);
      if (signal.aborted) return;
      this.#loading.delete(index);
      this.#keep(index, page);
    } catch (error) {
      if (signal.aborted) return;
      this.#loading.delete(index);
      this.#failPage(index, BowshotError.of(error));
    }
    this.#load();
    this.#changed();
  }

  /** A page's rows; of one that is half in the middle of an order too long to be kept, those without. */
  async #ask(slice: Slice, signal: AbortSignal): Promise<Page & { facts: AnswerFacts }> {
    const { version } = this.#info;
    try {
      const answer = await this.#source.page({ ...slice, version }, signal);
      return { ...answer, skipped: 0, refusal: undefined };
    } catch (error) {
      if (!(error instanceof BowshotError) || error.code !== 'out_of_memory') throw error;
      const part = withinEnds(slice, this.#rowCountIsExact ? this.#rowCount : undefined);
      if (!part) throw error;
      const answer = await this.#source.page({ ...part, version }, signal);
      return { ...answer, skipped: part.offset - slice.offset, refusal: error };
    }
  }

  #keep(index: number, { facts, ...page }: Page & { facts: AnswerFacts }): void {
    this.#versionChanges = 0;
    this.#backoff.succeeded();
    this.#facts = facts;
    this.#cache.set(index, page, new Set(this.#visiblePages()));
    const { numRows } = page.table;
    const end = index * this.pageRows + page.skipped + numRows;
    const isWhole = page.refusal === undefined;
    const isLastPage = isWhole && numRows < this.pageRows && (numRows > 0 || index === 0);
    if (facts.totalRows !== undefined) this.#setRowCount(facts.totalRows, true);
    else if (isLastPage) this.#setRowCount(end, true);
    else if (!this.#rowCountIsExact) this.#setRowCount(Math.max(this.#rowCount, end), false);
  }

  #setRowCount(count: number, isExact: boolean): void {
    if (count === this.#rowCount && isExact === this.#rowCountIsExact) return;
    this.#rowCount = count;
    this.#rowCountIsExact = isExact;
    this.#changed();
  }

  #failPage(index: number, error: BowshotError): void {
    if (error.code === 'version_changed') void this.#reopen();
    else if (isTransient(error)) {
      this.#pageErrors.set(index, error);
      this.#retryLater(error);
    } else this.#fail(error);
  }

  #failCount(error: BowshotError): void {
    if (error.code === 'version_changed') void this.#reopen();
    else if (isTransient(error)) {
      this.#countError = error;
      this.#retryLater(error);
      this.#changed();
    } else this.#fail(error);
  }

  /** A server that is busy or away is asked again by itself, as late as it says. */
  #retryLater(error: BowshotError): void {
    this.#backoff.wait(error, () => {
      this.#error = undefined;
      this.#countError = undefined;
      this.#pageErrors.clear();
      this.#resume();
      this.#changed();
    });
  }

  /** The request itself is wrong: no other page would fare better. */
  #fail(error: BowshotError): void {
    this.#error = error;
    this.#abortPages(() => true);
    this.#changed();
  }

  /** The dataset changed underneath: everything kept is of the past. */
  async #reopen(): Promise<void> {
    this.#stop();
    this.#cache.clear();
    this.#pageErrors.clear();
    this.#needsReopening = true;
    const life = new AbortController();
    this.#life = life;
    this.#versionChanges += 1;
    this.#changed();
    try {
      const info = await this.#source.info(life.signal);
      if (life.signal.aborted) return;
      if (this.#versionChanges > VERSION_CHANGES_MAX) {
        throw BowshotError.ofClient('bad_answer', 'the dataset changes faster than it can be read');
      }
      this.#info = info;
      this.#needsReopening = false;
      this.#resetCount();
      this.#onVersionChange?.(info);
      this.#resume();
      this.#changed();
    } catch (error) {
      if (life.signal.aborted) return;
      const known = BowshotError.of(error);
      // A new version may have to be converted first.
      this.#retryLater(known);
      this.#fail(known);
    }
  }

  /** A page that failed is tried again when it comes back into sight. */
  #forgetErrorsOutOfSight(): void {
    if (this.#pageErrors.size === 0) return;
    const visible = this.#visiblePages();
    for (const page of this.#pageErrors.keys()) {
      if (!visible.includes(page)) this.#pageErrors.delete(page);
    }
  }

  #changed(): void {
    this.#revision += 1;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Whether the same request may fare better later, or another page now. */
function isTransient(error: BowshotError): boolean {
  return error.retryable || error.status >= 500 || error.status === 0;
}
