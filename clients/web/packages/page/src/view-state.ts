import type { OrderBy } from '@bowshot/client';
import { useSyncExternalStore } from 'react';

/** What the page shows, which its URL keeps: `#/flights?filter=delay%20%3E%2060&order=-delay&row=90`. */
export interface ViewState {
  dataset: string | undefined;
  filter: string;
  order: readonly OrderBy[];
  /** The top row. */
  row: number;
}

export function parseView(hash: string): ViewState {
  const [, path = '', query = ''] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const parameters = new URLSearchParams(query);
  const row = Number(parameters.get('row') ?? 0);
  return {
    dataset: path === '' ? undefined : decoded(path),
    filter: parameters.get('filter') ?? '',
    // One parameter a column: a name may hold any character.
    order: parameters.getAll('order').map((item) => ({
      column: item.replace(/^[-+]/, ''),
      descending: item.startsWith('-'),
    })),
    row: Number.isSafeInteger(row) && row > 0 ? row : 0,
  };
}

export function viewHash({ dataset, filter, order, row }: ViewState): string {
  if (dataset === undefined) return '';
  const parameters = new URLSearchParams();
  if (filter !== '') parameters.set('filter', filter);
  for (const { column, descending } of order) {
    parameters.append('order', (descending ? '-' : '+') + String(column));
  }
  if (row > 0) parameters.set('row', String(row));
  const query = parameters.toString();
  return `#/${encodeURIComponent(dataset)}${query ? `?${query}` : ''}`;
}

let current = parseView(location.hash);
const listeners = new Set<() => void>();

/** The view, and with it the URL. */
export function useView(): ViewState {
  return useSyncExternalStore(subscribe, () => current);
}

/** Another view: one step of the browser's history, unless it only refines where the reader is. */
export function changeView(change: Partial<ViewState>, { replace = false } = {}): void {
  current = { ...current, ...change };
  const url = location.pathname + location.search + viewHash(current);
  if (replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  for (const listener of [...listeners]) listener();
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
