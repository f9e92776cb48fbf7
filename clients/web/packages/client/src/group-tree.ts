import type { BowshotError } from './error.js';
import type { RowWindow } from './row-window.js';

/** What is computed of a column for every group: `{ column: 'delay', measure: 'mean' }`. */
export interface GroupMeasure {
  column: string;
  measure: 'mean' | 'sum' | 'min' | 'max' | 'median';
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

/** Where a group is: its value and those around it, the outermost first, without digits grouped. */
export type GroupPath = readonly (string | null)[];

/** Where a line stands among its siblings, as ARIA counts: from 1. */
export interface LinePlace {
  level: number;
  position: number;
  siblings: number;
}

export interface Node {
  depth: number;
  path: GroupPath;
  filter: string;
  line: GroupLine;
  isExpanded: boolean;
  /** Groups or rows below; neither before the first expansion. */
  level: Level | undefined;
  rows: OpenRows | undefined;
}

export interface OpenRows {
  window: RowWindow;
  stop: (() => void) | undefined;
}

/** The groups of one parent, and on which line each begins, counted from the first. */
export interface Level {
  nodes: Node[];
  starts: number[];
  lines: number;
  /** In all of them, whether open or not. */
  rows: number;
  hasMore: boolean;
  isLoading: boolean;
  error: BowshotError | undefined;
}

/** Where a line is: a group's own, a row below one, or a line that is not there yet. */
export type Found = { node: Node } | { node: Node; row: number } | { level: Level };

export function emptyLevel(): Level {
  return {
    nodes: [],
    starts: [],
    lines: 0,
    rows: 0,
    hasMore: false,
    isLoading: true,
    error: undefined,
  };
}

/** Lines below a group: one for what is awaited or has failed. */
function linesBelow(node: Node): number {
  if (!node.isExpanded) return 0;
  if (node.rows) return node.line.count;
  return node.level ? node.level.lines : 0;
}

export function countLines(level: Level): void {
  let lines = 0;
  level.rows = level.nodes.reduce((rows, { line }) => rows + line.count, 0);
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

export function findLine(level: Level, line: number): Found | undefined {
  if (line < 0 || line >= level.lines) return undefined;
  const at = groupAround(level, line);
  const node = level.nodes[at];
  if (!node) return { level };
  const below = line - level.starts[at]! - 1;
  if (below < 0) return { node };
  if (node.rows) return { node, row: below };
  return node.level && findLine(node.level, below);
}

export function parentLine(level: Level, line: number, from: number): number | undefined {
  const at = groupAround(level, line);
  const node = level.nodes[at];
  const start = level.starts[at] ?? 0;
  if (!node || line <= start) return undefined;
  const below = line - start - 1;
  const inner = node.level && parentLine(node.level, below, from + start + 1);
  return inner ?? from + start;
}

export function forEachOpen(
  level: Level,
  from: number,
  visit: (node: Node, start: number) => void,
): void {
  level.nodes.forEach((node, at) => {
    if (!node.isExpanded) return;
    const start = from + level.starts[at]! + 1;
    if (node.rows) visit(node, start);
    else if (node.level) forEachOpen(node.level, start, visit);
  });
}

/** A line's place among the groups, or the rows, of the same parent. */
export function placeOf(level: Level, line: number, depth = 1): LinePlace | undefined {
  const at = groupAround(level, line);
  const node = level.nodes[at];
  if (!node) return undefined;
  const below = line - level.starts[at]! - 1;
  if (below < 0) return { level: depth, position: at + 1, siblings: level.nodes.length };
  if (node.rows) return { level: depth + 1, position: below + 1, siblings: node.line.count };
  return node.level && placeOf(node.level, below, depth + 1);
}

/** Whether a level that is open has more groups than are here. */
export function isCut(level: Level): boolean {
  return (
    level.hasMore ||
    level.nodes.some(
      ({ isExpanded, level: inner }) => isExpanded && inner !== undefined && isCut(inner),
    )
  );
}

/** The groups that are open and in a group that is. */
export function openPaths(level: Level): GroupPath[] {
  return level.nodes.flatMap((node) => {
    if (!node.isExpanded) return [];
    return [node.path, ...(node.level ? openPaths(node.level) : [])];
  });
}
