import {
  datasetRows,
  GroupedRows,
  RowWindow,
  sampleInfo,
  sampleRows,
  type AnswerFacts,
  type BowshotError,
  type CountParameters,
  type DatasetInfo,
  type DatasetSummary,
  type GroupedRowsOptions,
  type Grouping,
  type SampleView,
  type RowsView,
  type RowWindowOptions,
} from '@bowshot/client';
import { useCallback, useMemo, useSyncExternalStore } from 'react';

import { isGrouped, type GridRows } from './grid/grid-rows.js';
import { useBowshot } from './provider.js';
import { useLoaded, type Loaded } from './use-loaded.js';

/** Between two looks at what is being converted. */
const LOOK_MS = 1_000;

/** The list of datasets; asked for again while one of them is being converted. */
export function useDatasets(): Loaded<DatasetSummary[]> {
  const bowshot = useBowshot();
  const load = useCallback((signal: AbortSignal) => bowshot.datasets({ signal }), [bowshot]);
  return useLoaded(load, whileOneConverts);
}

function whileOneConverts({ value }: { value?: DatasetSummary[] }): number | undefined {
  return value?.some(({ problem }) => problem?.code === 'not_ready') ? LOOK_MS : undefined;
}

/**
 * A dataset's schema, size and version; nothing is asked without a name. While it is being converted
 * `error.code` is `not_ready`, the detail says how far that is, and it is asked for again.
 */
export function useDataset(name: string | undefined): Loaded<DatasetInfo> {
  const bowshot = useBowshot();
  const load = useMemo(
    () =>
      name === undefined
        ? undefined
        : (signal: AbortSignal) => bowshot.dataset(name).info({ signal, retries: 0 }),
    [bowshot, name],
  );
  return useLoaded(load, whileNotReady);
}

function whileNotReady({ error }: { error?: BowshotError }): number | undefined {
  return error?.code === 'not_ready' ? Math.max(error.retryAfterMs ?? 0, LOOK_MS) : undefined;
}

/** The number of rows that a filter keeps. */
export function useCount(
  name: string | undefined,
  parameters: CountParameters = {},
): Loaded<number> {
  const bowshot = useBowshot();
  const key = JSON.stringify(parameters);
  const load = useMemo(
    () =>
      name === undefined
        ? undefined
        : (signal: AbortSignal) =>
            bowshot.dataset(name).count(JSON.parse(key) as CountParameters, { signal }),
    [bowshot, name, key],
  );
  return useLoaded(load);
}

/**
 * The rows of a dataset under a view, for a `<DataGrid>`. A new one for every other dataset or view;
 * views are compared by what they say, so a literal is fine. `options` count when it is made.
 */
export function useRowWindow(
  info: DatasetInfo | undefined,
  view: RowsView = {},
  options?: RowWindowOptions & {
    /** Gives every row its number as a last column, `_row`; the grid does not show it. */
    hasRowNumbers?: boolean;
  },
): RowWindow | undefined {
  const bowshot = useBowshot();
  const key = JSON.stringify(view);
  return useMemo(() => {
    if (!info) return undefined;
    const view = JSON.parse(key) as RowsView;
    const isFiltered = view.filter !== undefined && view.filter.trim() !== '';
    const numbered = options?.hasRowNumbers ? info : undefined;
    const source = datasetRows(bowshot.dataset(info.name), view, numbered);
    return new RowWindow(source, info, { ...options, isFiltered });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- options are read once, as documented
  }, [bowshot, info, key]);
}

/**
 * The rows of a dataset in groups, for a `<DataGrid>`: `{ by: ['carrier'] }`. A new one for every other
 * dataset, view or grouping, all compared by what they say. `options` count when it is made.
 */
export function useGroupedRows(
  info: DatasetInfo | undefined,
  view: RowsView,
  grouping: Grouping,
  options?: GroupedRowsOptions,
): GroupedRows | undefined {
  const bowshot = useBowshot();
  const key = JSON.stringify({ view, grouping });
  return useMemo(() => {
    if (!info) return undefined;
    const { view, grouping } = JSON.parse(key) as { view: RowsView; grouping: Grouping };
    return new GroupedRows(bowshot.dataset(info.name), info, view, grouping, options);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- options are read once, as documented
  }, [bowshot, info, key]);
}

/**
 * A sample of a dataset's rows, for a `<DataGrid>`: `{ size: 1000, by: 'carrier' }` draws equal shares of
 * the carriers, and has a last column `_weight`. A new one for every other dataset or view; `options`
 * count when it is made.
 */
export function useSampleRows(
  info: DatasetInfo | undefined,
  view: SampleView,
  options?: RowWindowOptions,
): RowWindow | undefined {
  const bowshot = useBowshot();
  const key = JSON.stringify(view);
  return useMemo(() => {
    if (!info) return undefined;
    const view = JSON.parse(key) as SampleView;
    const source = sampleRows(bowshot.dataset(info.name), view);
    // Its count is the answer's: fewer rows may be there than were asked for.
    return new RowWindow(source, sampleInfo(info, view), { ...options, isFiltered: true });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- options are read once, as documented
  }, [bowshot, info, key]);
}

export interface RowWindowState {
  info: DatasetInfo | undefined;
  /** What the latest answer said of itself: of a sample, the rows that it was drawn from. */
  facts: AnswerFacts | undefined;
  rowCount: number;
  rowCountIsExact: boolean;
  /** Groups of the outermost column; undefined where the rows are not grouped. */
  groupCount: number | undefined;
  /** Rows in those groups. */
  groupedRowCount: number | undefined;
  /** Whether those are all groups, and so all rows that the filter keeps. */
  groupCountIsExact: boolean;
  isLoading: boolean;
  /** What is wrong with the request as a whole. */
  error: BowshotError | undefined;
  /** What went wrong with the rows in sight, or with their count. */
  rowsError: BowshotError | undefined;
  /** Whether `rowsError` is about the count alone: the rows are there. */
  isOnlyUncounted: boolean;
}

/** What a window knows, kept up to date. */
export function useRowWindowState(rows: GridRows | undefined): RowWindowState {
  const subscribe = useCallback(
    (listener: () => void) => rows?.subscribe(listener) ?? (() => undefined),
    [rows],
  );
  useSyncExternalStore(subscribe, () => rows?.revision ?? 0);
  const visibleError = rows?.visibleError?.error;
  const groups = isGrouped(rows) ? rows : undefined;
  return {
    info: rows?.info,
    facts: rows && 'facts' in rows ? rows.facts : undefined,
    rowCount: rows?.rowCount ?? 0,
    rowCountIsExact: rows?.rowCountIsExact ?? false,
    groupCount: groups?.groupCount,
    groupedRowCount: groups?.groupedRowCount,
    groupCountIsExact: groups?.groupCountIsExact ?? false,
    isLoading: rows?.isLoading ?? false,
    error: rows?.error,
    rowsError: visibleError ?? rows?.countError,
    isOnlyUncounted: !visibleError && rows?.countError !== undefined,
  };
}
