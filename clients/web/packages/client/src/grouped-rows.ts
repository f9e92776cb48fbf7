import type { Table } from 'apache-arrow';

import type { Dataset, DatasetInfo } from './client.js';
import { Backoff } from './backoff.js';
import { cellText, plainText } from './cell-text.js';
import { equalsCell } from './cell-literal.js';
import { BowshotError } from './error.js';
import {
  countLines,
  emptyLevel,
  findLine,
  forEachOpen,
  isCut,
  openPaths,
  parentLine,
  placeOf,
  type Found,
  type GroupLine,
  type GroupMeasure,
  type GroupPath,
  type Level,
  type LinePlace,
  type Node,
} from './group-tree.js';
import { spellName, type OrderBy } from './request.js';
import { datasetRows, RowWindow, type RowPlace, type RowsView } from './row-window.js';

export interface Grouping {
  /** Columns, the outermost first. */
  by: readonly string[];
  measures?: readonly GroupMeasure[] | undefined;
}

export interface GroupedRowsOptions {
  /** Groups to open as soon as they are there; those that are not there are no mistake. */
  expanded?: readonly GroupPath[] | undefined;
  /** Groups of one parent; beyond it `isCut` says that there are more. Default 100,000. */
  groupsMax?: number | undefined;
  /** Called when the dataset has another version than the rows were opened with. */
  onVersionChange?: ((info: DatasetInfo) => void) | undefined;
}

const GROUPS_MAX = 100_000;
/** Pages and bytes that an open group keeps: many may be open. */
const PAGES_MAX = 24;
const BYTES_MAX = 16 << 20;

/**
 * Rows in groups, in groups of groups, for a grid: groups come by `aggregate` when their parent is
 * expanded, the rows of the innermost ones by windows as they are scrolled into sight. Lines are
 * counted from 0 over everything that is expanded, so that 10^9 rows below stay numbers.
 *
 * Life cycle and threads as `RowWindow`. Groups stay open while the view does, whatever version the
 * dataset has; `expanded` tells them to whoever opens them again, and another view.
 *
 *     const groups = new GroupedRows(flights, info, { filter }, { by: ['carrier', 'origin'] });
 *     groups.subscribe(redraw);
 *     groups.toggle(0);
 */
export class GroupedRows {
  readonly #dataset: Dataset;
  readonly #view: RowsView;
  readonly #grouping: Grouping;
  readonly #groupsMax: number;
  readonly #onVersionChange: ((info: DatasetInfo) => void) | undefined;
  readonly #listeners = new Set<() => void>();
  #info: DatasetInfo;
  #root: Level = emptyLevel();
  #revision = 0;
  #life = new AbortController();
  readonly #backoff = new Backoff();
  #isReopening = false;
  #visible = { first: 0, last: -1 };
  /** Paths, as JSON, of groups to open when they come. */
  #wanted: Set<string>;
  /** Levels under way for groups that were wanted: until they are here lines are not counted. */
  #restoring = 0;

  constructor(
    dataset: Dataset,
    info: DatasetInfo,
    view: RowsView,
    grouping: Grouping,
    { expanded = [], groupsMax = GROUPS_MAX, onVersionChange }: GroupedRowsOptions = {},
  ) {
    this.#dataset = dataset;
    this.#info = info;
    this.#view = view;
    this.#grouping = grouping;
    this.#groupsMax = groupsMax;
    this.#onVersionChange = onVersionChange;
    this.#wanted = new Set(expanded.map((path) => JSON.stringify(path)));
  }

  get info(): DatasetInfo {
    return this.#info;
  }

  /** Columns that it is grouped by. */
  get by(): readonly string[] {
    return this.#grouping.by;
  }

  /** Lines: groups, and what is expanded below them. */
  get rowCount(): number {
    return this.#root.lines;
  }

  get rowCountIsExact(): boolean {
    return !this.#root.isLoading && this.#root.error === undefined && this.#restoring === 0;
  }

  get error(): BowshotError | undefined {
    return this.#root.error;
  }

  get countError(): undefined {
    return undefined;
  }

  get revision(): number {
    return this.#revision;
  }

  get isLoading(): boolean {
    return this.#root.isLoading || this.#isReopening;
  }

  /** Groups of one parent that are at most here. */
  get groupsMax(): number {
    return this.#groupsMax;
  }

  /** Whether a parent that is open has more groups than `groupsMax`: the others are not here. */
  get isCut(): boolean {
    return isCut(this.#root);
  }

  /** Groups of the outermost column, `groupsMax` at most. */
  get groupCount(): number {
    return this.#root.nodes.length;
  }

  /** Rows in those: all that the filter keeps, where they are all of the groups. */
  get groupedRowCount(): number {
    return this.#root.rows;
  }

  /** Whether those are all of them. */
  get groupCountIsExact(): boolean {
    return !this.#root.hasMore && !this.#root.isLoading && this.#root.error === undefined;
  }

  /** When groups that a busy server did not give are asked for again, as `Date.now()` counts. */
  get retryAt(): number | undefined {
    return this.#backoff.at;
  }

  /** What failed among the lines in sight. */
  get visibleError(): { error: BowshotError; firstRow: number; lastRow: number } | undefined {
    for (let line = this.#visible.first; line <= this.#visible.last; ++line) {
      const found = this.#find(line);
      const error =
        found && 'level' in found
          ? found.level.error
          : found && 'row' in found
            ? (found.node.rows?.window.visibleError?.error ?? found.node.rows?.window.error)
            : undefined;
      if (error) return { error, firstRow: line, lastRow: line };
    }
    return undefined;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#resume();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  };

  /** The group that a line stands for. */
  group(line: number): GroupLine | undefined {
    const found = this.#find(line);
    if (!found || 'level' in found || 'row' in found) return undefined;
    return found.node.line;
  }

  /** The groups that are open, those within a closed one left out. */
  get expanded(): GroupPath[] {
    return openPaths(this.#root);
  }

  /** Where a line stands in the tree. */
  place(line: number): LinePlace | undefined {
    return placeOf(this.#root, line);
  }

  /** The row that a line stands for, where it is one and it is here. */
  row(line: number): RowPlace | undefined {
    const found = this.#find(line);
    return found && 'row' in found ? found.node.rows?.window.row(found.row) : undefined;
  }

  /** The number of a line's row within its group. */
  rowInGroup(line: number): number | undefined {
    const found = this.#find(line);
    return found && 'row' in found ? found.row : undefined;
  }

  /** The line of the group around a line; undefined for the outermost. */
  parentLine(line: number): number | undefined {
    return parentLine(this.#root, line, 0);
  }

  hasFailed(line: number): boolean {
    const found = this.#find(line);
    if (!found) return false;
    if ('level' in found) return found.level.error !== undefined;
    return 'row' in found && (found.node.rows?.window.hasFailed(found.row) ?? false);
  }

  /** Opens or closes the group of a line. */
  toggle(line: number): void {
    const found = this.#find(line);
    if (!found || 'level' in found || 'row' in found) return;
    const { node } = found;
    // What the reader does now counts more than what was open before.
    this.#wanted.delete(JSON.stringify(node.path));
    if (node.isExpanded) {
      setExpanded(node, false);
      this.#close(node);
    } else void this.#open(node);
    this.#count();
    this.#changed();
  }

  /** Says which lines are visible, both ends included; rows of open groups follow. */
  show(first: number, last: number): void {
    this.#visible = { first, last };
    this.#showRows();
  }

  /** The texts of lines, for a copy: groups as they are, rows read whole. Waits for groups that come. */
  async read(first: number, count: number, signal: AbortSignal): Promise<(RowPlace | GroupLine)[]> {
    const lines: (RowPlace | GroupLine)[] = [];
    while (lines.length < count) {
      const found = this.#find(first + lines.length);
      if (!found) break;
      if ('level' in found) {
        if (found.level.error) throw found.level.error;
        if (!found.level.isLoading) break;
        await this.#nextChange(signal);
        continue;
      }
      if (!('row' in found)) {
        lines.push(found.node.line);
        continue;
      }
      const { node, row } = found;
      const here = Math.min(count - lines.length, node.line.count - row);
      const places = (await node.rows?.window.read(row, here, signal)) ?? [];
      if (places.length === 0) break;
      lines.push(...places);
    }
    return lines;
  }

  retry(): void {
    this.#backoff.cancel();
    if (this.#root.error) this.#reload();
    for (const node of this.#nodes()) {
      node.rows?.window.retry();
      if (node.isExpanded && node.level?.error) this.#openAnew(node);
    }
    this.#count();
    this.#changed();
  }

  #resume(): void {
    if (this.#life.signal.aborted) this.#life = new AbortController();
    if (this.#root.nodes.length === 0) this.#reload();
    for (const node of this.#nodes()) {
      if (node.isExpanded && node.level?.isLoading) this.#openAnew(node);
    }
    this.#showRows();
  }

  #openAnew(node: Node): void {
    node.level = undefined;
    void this.#open(node);
  }

  #stop(): void {
    this.#life.abort();
    this.#backoff.cancel();
    this.#restoring = 0;
    for (const node of this.#nodes()) this.#rest(node);
  }

  #rememberOpen(): void {
    for (const path of this.expanded) this.#wanted.add(JSON.stringify(path));
  }

  #reload(): void {
    for (const node of this.#nodes()) this.#rest(node);
    this.#rememberOpen();
    this.#root = emptyLevel();
    this.#restoring = 0;
    void this.#load(this.#root, undefined);
    this.#changed();
  }

  async #open(node: Node): Promise<void> {
    setExpanded(node, true);
    const isInnermost = node.depth + 1 >= this.#grouping.by.length;
    if (isInnermost) {
      node.rows ??= { window: this.#windowOf(node), stop: undefined };
    } else if (!node.level || node.level.error) {
      node.level = emptyLevel();
      await this.#load(node.level, node);
    }
  }

  /** Opens the groups that were wanted before they were here. */
  #restore(level: Level): void {
    for (const node of level.nodes) {
      if (!this.#wanted.delete(JSON.stringify(node.path))) continue;
      const { signal } = this.#life;
      this.#restoring += 1;
      void this.#open(node).then(() => {
        if (signal.aborted) return;
        this.#restoring -= 1;
        this.#changed();
      });
    }
  }

  /** The next change of anything, for who waits for lines. */
  #nextChange(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const stop = () => {
        unsubscribe();
        reject(signal.reason as Error);
      };
      const unsubscribe = this.subscribe(() => {
        unsubscribe();
        signal.removeEventListener('abort', stop);
        resolve();
      });
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  #close(node: Node): void {
    this.#rest(node);
    if (node.level) for (const child of node.level.nodes) this.#close(child);
  }

  /** Ends what a group has under way; its pages stay. */
  #rest(node: Node): void {
    node.rows?.stop?.();
    if (node.rows) node.rows.stop = undefined;
  }

  #windowOf(node: Node): RowWindow {
    const source = datasetRows(this.#dataset, { ...this.#view, filter: node.filter });
    const info = { ...this.#info, rows: node.line.count };
    // Another version is the whole tree's affair.
    const reopened = () => this.#reopen().then(() => Promise.reject(new Error('reopened')));
    return new RowWindow({ ...source, info: reopened }, info, {
      pagesMax: PAGES_MAX,
      bytesMax: BYTES_MAX,
    });
  }

  async #load(level: Level, parent: Node | undefined): Promise<void> {
    const { signal } = this.#life;
    const depth = parent ? parent.depth + 1 : 0;
    const filter = parent ? parent.filter : (this.#view.filter ?? '');
    level.isLoading = true;
    this.#count();
    try {
      const query = this.#dataset.aggregate({
        filter,
        compute: this.#view.compute,
        version: this.#info.version,
        by: [`key:${spellName(this.#grouping.by[depth]!)}`],
        measures: this.#measures(),
        order: this.#groupOrder(depth),
        limit: this.#groupsMax + 1,
      });
      const table = await query.table({ signal });
      if (signal.aborted) return;
      this.#backoff.succeeded();
      level.hasMore = table.numRows > this.#groupsMax;
      level.nodes = this.#nodesOf(table, depth, filter, parent?.path ?? []);
      this.#restore(level);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof BowshotError && error.code === 'version_changed') {
        await this.#reopen();
        return;
      }
      level.error = BowshotError.of(error);
      this.#backoff.wait(level.error, () => this.retry());
    }
    level.isLoading = false;
    this.#count();
    this.#changed();
  }

  #measures(): string[] {
    const chosen = this.#grouping.measures ?? [];
    return [
      'rows:count()',
      ...chosen.map(({ column, measure }, index) => `m${index}:${measure}(${spellName(column)})`),
    ];
  }

  /** As the rows are ordered, where the order is by the group's column or by a measured one. */
  #groupOrder(depth: number): OrderBy[] {
    const measured = this.#grouping.measures ?? [];
    return (this.#view.order ?? []).flatMap(({ column, descending = false }) => {
      if (column === this.#grouping.by[depth]) return [{ column: 'key', descending }];
      const index = measured.findIndex((measure) => measure.column === column);
      return index < 0 ? [] : [{ column: `m${index}`, descending }];
    });
  }

  #nodesOf(table: Table, depth: number, filter: string, parent: GroupPath): Node[] {
    const column = this.#grouping.by[depth]!;
    const key = table.getChild('key');
    const rows = table.getChild('rows');
    if (!key || !rows) throw BowshotError.ofClient('bad_answer', 'the groups have no keys');
    const measured = (this.#grouping.measures ?? []).map((measure, index) => ({
      column: measure.column,
      vector: table.getChild(`m${index}`),
    }));
    const count = Math.min(table.numRows, this.#groupsMax);
    return Array.from({ length: count }, (_, row) => {
      const own = equalsCell(spellName(column), key, row);
      if (own === undefined) {
        const detail = `rows cannot be grouped by ${column}: its type has no literal`;
        throw BowshotError.ofClient('bad_answer', detail);
      }
      const line: GroupLine = {
        depth,
        column,
        text: cellText(key, row),
        count: Number(rows.get(row)),
        measures: new Map(
          measured.map(({ column, vector }) => [column, vector && cellText(vector, row)]),
        ),
        isExpanded: false,
      };
      const ownFilter = filter.trim() === '' ? own : `(${filter}) AND ${own}`;
      return {
        depth,
        path: [...parent, line.text === null ? null : plainText(key, row)],
        filter: ownFilter,
        line,
        isExpanded: false,
        level: undefined,
        rows: undefined,
      };
    });
  }

  /** The dataset changed underneath: everything is of the past. */
  async #reopen(): Promise<void> {
    if (this.#isReopening) return;
    this.#isReopening = true;
    this.#stop();
    this.#life = new AbortController();
    const { signal } = this.#life;
    try {
      const info = await this.#dataset.info({ signal });
      if (signal.aborted) return;
      this.#info = info;
      this.#onVersionChange?.(info);
      this.#isReopening = false;
      this.#reload();
    } catch (error) {
      this.#isReopening = false;
      if (signal.aborted) return;
      this.#rememberOpen();
      const known = BowshotError.of(error);
      this.#root = { ...emptyLevel(), isLoading: false, error: known };
      this.#backoff.wait(known, () => this.retry());
      this.#changed();
    }
  }

  /** Rows of open groups load where they are in sight, and rest where they are not. */
  #showRows(): void {
    const { first, last } = this.#visible;
    if (this.#listeners.size === 0) return;
    forEachOpen(this.#root, 0, (node, start) => {
      const rows = node.rows!;
      const isInSight = start <= last && start + node.line.count > first;
      if (!isInSight) {
        this.#rest(node);
        return;
      }
      rows.window.show(Math.max(0, first - start), Math.min(node.line.count - 1, last - start));
      rows.stop ??= rows.window.subscribe(() => this.#changed());
    });
  }

  #find(line: number): Found | undefined {
    return findLine(this.#root, line);
  }

  #count(): void {
    countLines(this.#root);
  }

  *#nodes(level = this.#root): Generator<Node> {
    for (const node of level.nodes) {
      yield node;
      if (node.level) yield* this.#nodes(node.level);
    }
  }

  #changed(): void {
    this.#revision += 1;
    for (const listener of [...this.#listeners]) listener();
  }
}

function setExpanded(node: Node, isExpanded: boolean): void {
  node.isExpanded = isExpanded;
  node.line = { ...node.line, isExpanded };
}
