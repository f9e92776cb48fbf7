import type { Table } from 'apache-arrow';

import type { Dataset, DatasetInfo } from './client.js';
import { cellText } from './cell-text.js';
import { equalsCell } from './cell-literal.js';
import { BowshotError } from './error.js';
import { spellName, type OrderBy } from './request.js';
import { datasetRows, RowWindow, type RowPlace, type RowsView } from './row-window.js';

/** What is computed of a column for every group: `{ column: 'delay', measure: 'mean' }`. */
export interface GroupMeasure {
  column: string;
  measure: 'mean' | 'sum' | 'min' | 'max' | 'median';
}

export interface Grouping {
  /** Columns, the outermost first. */
  by: readonly string[];
  measures?: readonly GroupMeasure[] | undefined;
}

/** The line of a group; below it, when it is expanded, stand its groups or its rows. */
export interface GroupLine {
  /** 0 for the outermost. */
  depth: number;
  column: string;
  /** The group's value as a person reads it; null is a group too. */
  text: string | null;
  count: number;
  /** Texts by column; null where there is nothing to measure. */
  measures: ReadonlyMap<string, string | null>;
  isExpanded: boolean;
}

/** Groups of one parent; beyond it the last line says that there are more. */
export const GROUPS_MAX = 10_000;
/** Pages and bytes that an open group keeps: many may be open. */
const PAGES_MAX = 24;
const BYTES_MAX = 16 << 20;

interface Node {
  depth: number;
  filter: string;
  line: GroupLine;
  isExpanded: boolean;
  /** Groups or rows below; neither before the first expansion. */
  level: Level | undefined;
  rows: OpenRows | undefined;
}

interface OpenRows {
  window: RowWindow;
  stop: (() => void) | undefined;
}

/** The groups of one parent, and on which line each begins, counted from the first. */
interface Level {
  nodes: Node[];
  starts: number[];
  lines: number;
  hasMore: boolean;
  isLoading: boolean;
  error: BowshotError | undefined;
}

/** Where a line is: a group's own, a row below one, or a line that is not there yet. */
type Found = { node: Node } | { node: Node; row: number } | { level: Level };

/**
 * Rows in groups, in groups of groups, for a grid: groups come by `aggregate` when their parent is
 * expanded, the rows of the innermost ones by windows as they are scrolled into sight. Lines are
 * counted from 0 over everything that is expanded, so that 10^9 rows below stay numbers.
 *
 * Life cycle and threads as `RowWindow`. Expanded groups stay so while the view does.
 *
 *     const groups = new GroupedRows(flights, info, { filter }, { by: ['carrier', 'origin'] });
 *     groups.subscribe(redraw);
 *     groups.toggle(0);
 */
export class GroupedRows {
  readonly #dataset: Dataset;
  readonly #view: RowsView;
  readonly #grouping: Grouping;
  readonly #onVersionChange: ((info: DatasetInfo) => void) | undefined;
  readonly #listeners = new Set<() => void>();
  #info: DatasetInfo;
  #root: Level = emptyLevel();
  #revision = 0;
  #life = new AbortController();
  #isReopening = false;
  #visible = { first: 0, last: -1 };

  constructor(
    dataset: Dataset,
    info: DatasetInfo,
    view: RowsView,
    grouping: Grouping,
    onVersionChange?: (info: DatasetInfo) => void,
  ) {
    this.#dataset = dataset;
    this.#info = info;
    this.#view = view;
    this.#grouping = grouping;
    this.#onVersionChange = onVersionChange;
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
    return !this.#root.isLoading && this.#root.error === undefined;
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

  /** Groups are cut at `GROUPS_MAX`: whether any level is. */
  get isCut(): boolean {
    return this.#someLevel((level) => level.hasMore);
  }

  get retryAt(): number | undefined {
    return undefined;
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
    node.isExpanded = !node.isExpanded;
    node.line = { ...node.line, isExpanded: node.isExpanded };
    if (node.isExpanded) this.#open(node);
    else this.#close(node);
    this.#count();
    this.#changed();
  }

  /** Says which lines are visible, both ends included; rows of open groups follow. */
  show(first: number, last: number): void {
    this.#visible = { first, last };
    this.#showRows();
  }

  /** The texts of lines, for a copy: groups as they are, rows read whole. */
  async read(first: number, count: number, signal: AbortSignal): Promise<(RowPlace | GroupLine)[]> {
    const lines: (RowPlace | GroupLine)[] = [];
    while (lines.length < count) {
      const found = this.#find(first + lines.length);
      if (!found || 'level' in found) break;
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
    if (this.#root.error) this.#reload();
    for (const node of this.#nodes()) {
      node.rows?.window.retry();
      if (node.isExpanded && node.level?.error) {
        node.level = undefined;
        this.#open(node);
      }
    }
    this.#count();
    this.#changed();
  }

  #resume(): void {
    if (this.#life.signal.aborted) this.#life = new AbortController();
    if (this.#root.nodes.length === 0) this.#reload();
    this.#showRows();
  }

  #stop(): void {
    this.#life.abort();
    for (const node of this.#nodes()) this.#rest(node);
  }

  #reload(): void {
    for (const node of this.#nodes()) this.#rest(node);
    this.#root = emptyLevel();
    void this.#load(this.#root, 0, this.#view.filter ?? '');
    this.#changed();
  }

  #open(node: Node): void {
    const isInnermost = node.depth + 1 >= this.#grouping.by.length;
    if (isInnermost) {
      node.rows ??= { window: this.#windowOf(node), stop: undefined };
    } else if (!node.level || node.level.error) {
      node.level = emptyLevel();
      void this.#load(node.level, node.depth + 1, node.filter);
    }
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

  async #load(level: Level, depth: number, filter: string): Promise<void> {
    const { signal } = this.#life;
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
        limit: GROUPS_MAX + 1,
      });
      const table = await query.table({ signal });
      if (signal.aborted) return;
      level.hasMore = table.numRows > GROUPS_MAX;
      level.nodes = this.#nodesOf(table, depth, filter);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof BowshotError && error.code === 'version_changed') {
        await this.#reopen();
        return;
      }
      level.error = asError(error);
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

  #nodesOf(table: Table, depth: number, filter: string): Node[] {
    const column = this.#grouping.by[depth]!;
    const key = table.getChild('key');
    const rows = table.getChild('rows');
    if (!key || !rows) throw BowshotError.ofClient('bad_answer', 'the groups have no keys');
    const measured = (this.#grouping.measures ?? []).map((measure, index) => ({
      column: measure.column,
      vector: table.getChild(`m${index}`),
    }));
    const count = Math.min(table.numRows, GROUPS_MAX);
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
      this.#root = { ...emptyLevel(), isLoading: false, error: asError(error) };
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

  #someLevel(holds: (level: Level) => boolean): boolean {
    if (holds(this.#root)) return true;
    for (const { level, isExpanded } of this.#nodes()) {
      if (isExpanded && level && holds(level)) return true;
    }
    return false;
  }

  #changed(): void {
    this.#revision += 1;
    for (const listener of [...this.#listeners]) listener();
  }
}

function emptyLevel(): Level {
  return { nodes: [], starts: [], lines: 0, hasMore: false, isLoading: true, error: undefined };
}

/** Lines below a group: one for what is awaited or has failed. */
function linesBelow(node: Node): number {
  if (!node.isExpanded) return 0;
  if (node.rows) return node.line.count;
  return node.level ? node.level.lines : 0;
}

function countLines(level: Level): void {
  let lines = 0;
  level.starts = level.nodes.map((node) => {
    const start = lines;
    if (node.isExpanded && node.level) countLines(node.level);
    lines += 1 + linesBelow(node);
    return start;
  });
  level.lines = level.isLoading || level.error ? Math.max(1, lines) : lines;
}

/** The last group that begins at a line or before it. */
function groupAround(level: Level, line: number): number {
  let low = 0;
  let high = level.starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (level.starts[middle]! <= line) low = middle;
    else high = middle;
  }
  return low;
}

function findLine(level: Level, line: number): Found | undefined {
  if (line < 0 || line >= level.lines) return undefined;
  const at = groupAround(level, line);
  const node = level.nodes[at];
  if (!node) return { level };
  const below = line - level.starts[at]! - 1;
  if (below < 0) return { node };
  if (node.rows) return { node, row: below };
  return node.level && findLine(node.level, below);
}

function parentLine(level: Level, line: number, from: number): number | undefined {
  const at = groupAround(level, line);
  const node = level.nodes[at];
  const start = level.starts[at] ?? 0;
  if (!node || line <= start) return undefined;
  const below = line - start - 1;
  const inner = node.level && parentLine(node.level, below, from + start + 1);
  return inner ?? from + start;
}

function forEachOpen(level: Level, from: number, visit: (node: Node, start: number) => void): void {
  level.nodes.forEach((node, at) => {
    if (!node.isExpanded) return;
    const start = from + level.starts[at]! + 1;
    if (node.rows) visit(node, start);
    else if (node.level) forEachOpen(node.level, start, visit);
  });
}

function asError(error: unknown): BowshotError {
  if (error instanceof BowshotError) return error;
  return BowshotError.ofClient('bad_answer', String(error), { cause: error });
}
