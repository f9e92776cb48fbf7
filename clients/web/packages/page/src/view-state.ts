import type { GroupMeasure, GroupPath, OrderBy } from '@bowshot/client';
import { NATURAL_ARRANGEMENT, type ColumnArrangement } from '@bowshot/react';
import { useSyncExternalStore } from 'react';

/**
 * What the page shows, which its URL keeps:
 * `#/flights?filter=delay%20%3E%2060&order=-delay&pin=origin&row=90`.
 */
export interface ViewState {
  dataset: string | undefined;
  filter: string;
  order: readonly OrderBy[];
  columns: ColumnArrangement;
  groupBy: readonly string[];
  measures: readonly GroupMeasure[];
  /** Groups that are open. */
  open: readonly GroupPath[];
  /** Rows drawn at random in place of all; undefined: all rows. */
  sample: SampleState | undefined;
  /** The top row. */
  row: number;
}

export interface SampleState {
  size: number;
  seed: number;
  /** Equal shares of this column's values. */
  by?: string | undefined;
}

/** Open groups in the URL: more would make one that is too long to pass on. */
const OPEN_MAX = 64;

export const EMPTY_VIEW: ViewState = {
  dataset: undefined,
  filter: '',
  order: [],
  columns: NATURAL_ARRANGEMENT,
  groupBy: [],
  measures: [],
  open: [],
  sample: undefined,
  row: 0,
};

const MEASURES = ['mean', 'sum', 'min', 'max', 'median'] as const;

/** Lists are one parameter an item: a name may hold any character. */
export function parseView(hash: string): ViewState {
  const [, path = '', query = ''] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const parameters = new URLSearchParams(query);
  return {
    dataset: path === '' ? undefined : decoded(path),
    filter: parameters.get('filter') ?? '',
    order: parameters.getAll('order').map((item) => ({
      column: item.replace(/^[-+]/, ''),
      descending: item.startsWith('-'),
    })),
    columns: {
      first: parameters.getAll('first'),
      hidden: parameters.getAll('hide'),
      pinned: parameters.getAll('pin'),
      widths: Object.fromEntries(parameters.getAll('width').flatMap(parseWidth)),
    },
    groupBy: parameters.getAll('by'),
    measures: parameters.getAll('measure').flatMap(parseMeasure),
    open: parameters.getAll('open').flatMap(parsePath),
    sample: parseSample(parameters),
    row: wholeNumber(parameters.get('row')) ?? 0,
  };
}

export function viewHash(view: ViewState): string {
  if (view.dataset === undefined) return '';
  const { columns, sample } = view;
  const parameters = new URLSearchParams();
  if (view.filter !== '') parameters.set('filter', view.filter);
  for (const { column, descending } of view.order) {
    parameters.append('order', (descending ? '-' : '+') + String(column));
  }
  for (const name of columns.first) parameters.append('first', name);
  for (const name of columns.hidden) parameters.append('hide', name);
  for (const name of columns.pinned) parameters.append('pin', name);
  for (const [name, width] of Object.entries(columns.widths)) {
    parameters.append('width', `${width}:${name}`);
  }
  for (const name of view.groupBy) parameters.append('by', name);
  for (const { column, measure } of view.measures) {
    parameters.append('measure', `${measure}:${column}`);
  }
  for (const path of view.open.slice(0, OPEN_MAX)) parameters.append('open', JSON.stringify(path));
  if (sample) {
    parameters.set('sample', String(sample.size));
    if (sample.seed !== 0) parameters.set('seed', String(sample.seed));
    if (sample.by !== undefined) parameters.set('share', sample.by);
  }
  if (view.row > 0) parameters.set('row', String(view.row));
  const query = parameters.toString();
  return `#/${encodeURIComponent(view.dataset)}${query ? `?${query}` : ''}`;
}

function parseWidth(item: string): [string, number][] {
  const [, width = '', name = ''] = /^(\d{1,5}):(.+)$/s.exec(item) ?? [];
  return width === '' ? [] : [[name, Number(width)]];
}

function parseMeasure(item: string): GroupMeasure[] {
  const [, word, column = ''] = /^(\w+):(.+)$/s.exec(item) ?? [];
  const measure = MEASURES.find((known) => known === word);
  return measure ? [{ measure, column }] : [];
}

function parseSample(parameters: URLSearchParams): SampleState | undefined {
  const size = wholeNumber(parameters.get('sample'));
  if (size === undefined || size === 0) return undefined;
  const by = parameters.get('share') ?? undefined;
  return { size, seed: wholeNumber(parameters.get('seed')) ?? 0, by };
}

/** A list of texts, and null for the group of nulls: `["AA",null]`. */
function parsePath(item: string): GroupPath[] {
  try {
    const path = JSON.parse(item) as unknown;
    const isPath =
      Array.isArray(path) &&
      path.length > 0 &&
      path.every((value) => value === null || typeof value === 'string');
    return isPath ? [path as GroupPath] : [];
  } catch {
    return [];
  }
}

function wholeNumber(text: string | null): number | undefined {
  const number = text === null || text === '' ? Number.NaN : Number(text);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

let current = parseView(location.hash);
const listeners = new Set<() => void>();

/** The view, and with it the URL. */
export function useView(): ViewState {
  return useSyncExternalStore(subscribe, () => current);
}

/** The view now, for what is no component. */
export function currentView(): ViewState {
  return current;
}

/** Another view: one step of the browser's history, unless it only refines where the reader is. */
export function changeView(change: Partial<ViewState>, { replace = false } = {}): void {
  current = { ...current, ...change };
  const url = location.pathname + location.search + viewHash(current);
  if (replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  for (const listener of [...listeners]) listener();
}

/** Another grouping: groups stay open as deep as the old one and the new are the same. */
export function regrouped(by: readonly string[]): Pick<ViewState, 'groupBy' | 'open' | 'row'> {
  const { groupBy, open } = current;
  const differs = by.findIndex((name, depth) => name !== groupBy[depth]);
  const depth = Math.min(differs < 0 ? by.length : differs, groupBy.length);
  return { groupBy: by, open: open.filter((path) => path.length <= depth), row: 0 };
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('popstate', readLocation);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener('popstate', readLocation);
  };
}

/** Back, forward, or a hash that was typed. */
function readLocation(): void {
  current = parseView(location.hash);
  for (const listener of [...listeners]) listener();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
