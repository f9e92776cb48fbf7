import {
  BowshotError,
  type ColumnProfile,
  type Histogram,
  type HistogramParameters,
  type ValueCounts,
  type ValuesParameters,
} from '@bowshot/client';
import { useEffect, useMemo, useState } from 'react';

import { useBowshot } from './provider.js';
import { useLoaded, type Loaded } from './use-loaded.js';

/** What is loaded, and what was there before: it stays in sight while the next one comes. */
export interface LoadedAfter<T> extends Loaded<T> {
  previous: T | undefined;
}

/** The values of a column with their counts. */
export function useValues(dataset: string, parameters: ValuesParameters): LoadedAfter<ValueCounts> {
  const bowshot = useBowshot();
  const key = JSON.stringify(parameters);
  const load = useMemo(
    () => (signal: AbortSignal) =>
      bowshot.dataset(dataset).values(JSON.parse(key) as ValuesParameters, { signal }),
    [bowshot, dataset, key],
  );
  return useLast(useLoaded(load));
}

/** A column's histogram; a value of `undefined` that is loaded means that there is nothing to count. */
export function useHistogram(
  dataset: string,
  parameters: HistogramParameters,
): LoadedAfter<Histogram | undefined> {
  const bowshot = useBowshot();
  const key = JSON.stringify(parameters);
  const load = useMemo(
    () => (signal: AbortSignal) =>
      bowshot.dataset(dataset).histogram(JSON.parse(key) as HistogramParameters, { signal }),
    [bowshot, dataset, key],
  );
  return useLast(useLoaded(load));
}

function useLast<T>(loaded: Loaded<T>): LoadedAfter<T> {
  const [previous, setPrevious] = useState<T>();
  if (loaded.value !== undefined && loaded.value !== previous) setPrevious(loaded.value);
  return { ...loaded, previous };
}

/** Columns of one request: the first ones are there while the others are computed. */
const COLUMNS_AT_A_TIME = 4;

export interface ProfileState {
  /** By column; one that is missing is awaited. */
  columns: ReadonlyMap<string, ColumnProfile>;
  error: BowshotError | undefined;
}

export interface ProfileOptions {
  filter?: string | undefined;
  /** In the order to load them. */
  columns: readonly string[];
  /** Whether to begin: the rows on the screen come first. */
  isReady: boolean;
}

/** The profile of columns, a few at a time; another filter ends what is under way. */
export function useProfile(
  dataset: string,
  version: string,
  { filter, columns, isReady }: ProfileOptions,
): ProfileState {
  const bowshot = useBowshot();
  const key = JSON.stringify({ dataset, version, filter: filter ?? '' });
  const names = JSON.stringify(columns);
  const [kept, setKept] = useState<ProfileState & { key: string }>();
  const current = kept?.key === key ? kept : undefined;
  const done = current?.columns;
  const hasFailed = current?.error !== undefined;
  useEffect(() => {
    if (!isReady || hasFailed) return;
    const wanted = (JSON.parse(names) as string[])
      .filter((name) => !done?.has(name))
      .slice(0, COLUMNS_AT_A_TIME);
    if (wanted.length === 0) return;
    const controller = new AbortController();
    const { signal } = controller;
    const { filter } = JSON.parse(key) as { filter: string };
    bowshot
      .dataset(dataset)
      .profile({ filter, columns: wanted, version }, { signal })
      .then(
        (profiles) => {
          if (signal.aborted) return;
          const columns = new Map(done);
          for (const profile of profiles) columns.set(profile.column, profile);
          setKept({ key, columns, error: undefined });
        },
        (error: unknown) => {
          if (signal.aborted) return;
          setKept({ key, columns: new Map(done), error: BowshotError.of(error) });
        },
      );
    return () => controller.abort();
  }, [bowshot, dataset, version, key, names, done, hasFailed, isReady]);
  return current ?? { columns: NOTHING, error: undefined };
}

const NOTHING: ReadonlyMap<string, ColumnProfile> = new Map();
