import type { Table, Vector } from 'apache-arrow';

import { cellLiteral } from './cell-literal.js';
import { cellText } from './cell-text.js';
import { BowshotError } from './error.js';

/** What a column holds; `protocol/PROTOCOL.md`, section 4, `profile`. */
export interface ColumnProfile {
  column: string;
  type: string;
  rows: number;
  nulls: number;
  /** Within 5 %; null where values are not told apart: lists and structs. */
  distinct: number | null;
  min: string | null;
  max: string | null;
  /** Null where it does not apply to the type, or there is no value. */
  mean: number | null;
  stddev: number | null;
  q25: number | null;
  median: number | null;
  q75: number | null;
  /** The most frequent values; null where there are too many distinct ones to tell, or `distinct` is. */
  top: readonly { value: string; count: number }[] | null;
  /** Rows in each of 20 equal bins from `min` to `max`; null where the type has none. */
  histogram: readonly number[] | null;
}

/** Values of a column with their counts. */
export interface ValueCounts {
  values: readonly {
    /** As a person reads it; null for the missing value. */
    text: string | null;
    /** As a filter spells it; undefined for null, and where the type has no literal. */
    literal: string | undefined;
    count: number;
  }[];
  /** Whether there are more values than were asked for. */
  hasMore: boolean;
}

export interface Histogram {
  /** Edges as float64; times as milliseconds since 1970-01-01. One more than counts. */
  edges: readonly number[];
  /** The edges as a person reads them. */
  edgeTexts: readonly string[];
  /** The edges as a filter spells them. */
  edgeLiterals: readonly (string | undefined)[];
  counts: readonly number[];
}

export function readProfile(table: Table): ColumnProfile[] {
  const columns = new Map(table.schema.fields.map(({ name }, index) => [name, index]));
  const column = (name: string): Vector => {
    const vector = table.getChildAt(columns.get(name) ?? -1);
    if (!vector) throw missing(name);
    return vector;
  };
  const text = (name: string, row: number) => column(name).get(row) as string | null;
  const number = (name: string, row: number) => numberOrNull(column(name).get(row));
  return Array.from({ length: table.numRows }, (_, row) => ({
    column: text('column', row) ?? '',
    type: text('type', row) ?? '',
    rows: number('rows', row) ?? 0,
    nulls: number('nulls', row) ?? 0,
    distinct: number('distinct', row),
    min: text('min', row),
    max: text('max', row),
    mean: number('mean', row),
    stddev: number('stddev', row),
    q25: number('q25', row),
    median: number('median', row),
    q75: number('q75', row),
    top: topOf(column('top').get(row)),
    histogram:
      listOf(column('histogram').get(row))?.map((count) => numberOrNull(count) ?? 0) ?? null,
  }));
}

export function readValues(table: Table, limit: number): ValueCounts {
  const value = childOf(table, 'value');
  const count = childOf(table, 'count');
  const values = Array.from({ length: table.numRows }, (_, row) => ({
    text: cellText(value, row),
    literal: cellLiteral(value, row),
    count: numberOrNull(count.get(row)) ?? 0,
  }));
  return { values, hasMore: table.numRows >= limit };
}

export function readHistogram(table: Table): Histogram | undefined {
  if (table.numRows === 0) return undefined;
  const start = childOf(table, 'bin_start');
  const end = childOf(table, 'bin_end');
  const count = childOf(table, 'count');
  const rows = Array.from({ length: table.numRows }, (_, row) => row);
  const last = table.numRows - 1;
  const edges = <T>(read: (vector: Vector, row: number) => T): T[] => [
    ...rows.map((row) => read(start, row)),
    read(end, last),
  ];
  return {
    edges: edges((vector, row) => edgeNumber(vector, row)),
    edgeTexts: edges((vector, row) => cellText(vector, row) ?? ''),
    edgeLiterals: edges(cellLiteral),
    counts: rows.map((row) => numberOrNull(count.get(row)) ?? 0),
  };
}

/** Apache Arrow reads times as milliseconds; the position of a bin needs no more. */
function edgeNumber(vector: Vector, row: number): number {
  return Number(vector.get(row));
}

function topOf(value: unknown): ColumnProfile['top'] {
  const items = listOf(value);
  if (!items) return null;
  return items.map((item) => {
    const { value: text, count } = item as { value: string; count: bigint };
    return { value: text, count: Number(count) };
  });
}

/** A list's items, which Apache Arrow gives as a vector. */
function listOf(value: unknown): unknown[] | undefined {
  if (value === null || value === undefined) return undefined;
  return [...(value as Iterable<unknown>)];
}

function numberOrNull(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  return Number(value);
}

function childOf(table: Table, name: string): Vector {
  const child = table.getChild(name);
  if (!child) throw missing(name);
  return child;
}

function missing(name: string): BowshotError {
  return BowshotError.ofClient('bad_answer', `the answer has no column ${name}`);
}
