import { spellName, type DatasetInfo, type ViewStatus } from '@bowshot/client';
import { useBowshot } from '@bowshot/react';
import { useEffect, useRef, useState } from 'react';

import type { ViewState } from './view-state.js';

/** What takes less is not worth a word. */
const QUIET_MS = 400;
const LOOK_MS = 500;

/**
 * What the server makes of the view's filter and order so that it scrolls like plain rows: being built,
 * or not to be had; undefined while there is nothing to say.
 */
export function useViewBuild(
  info: DatasetInfo,
  view: ViewState,
  isLoading: boolean,
): ViewStatus | undefined {
  const bowshot = useBowshot();
  const key = viewKey(info, view);
  const [found, setFound] = useState<{ key: string; status: ViewStatus | undefined }>();
  /** The key of a view that is there: only rows that are slow to come are a reason to look again. */
  const settled = useRef<string>(undefined);
  useEffect(() => {
    if (key === undefined || (settled.current === key && !isLoading)) return;
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      try {
        const { views } = await bowshot.dataset(info.name).info({ signal, retries: 0 });
        const status = statusOf(views, view);
        setFound({ key, status });
        if (status?.state !== 'building' && !isLoading) {
          settled.current = key;
          return;
        }
      } catch {
        // The rows say what is wrong, if anything is.
        if (signal.aborted) return;
      }
      timer = setTimeout(() => void look(), LOOK_MS);
    };
    timer = setTimeout(() => void look(), QUIET_MS);
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key tells what matters of the view
  }, [bowshot, info.name, key, isLoading]);
  return found?.key === key && found?.status?.state !== 'ready' ? found?.status : undefined;
}

/** What the server would keep for a view; undefined where it keeps nothing. */
function viewKey(info: DatasetInfo, view: ViewState): string | undefined {
  const isPlain = view.filter === '' && view.order.length === 0;
  if (isPlain || view.sample !== undefined || view.groupBy.length > 0) return undefined;
  return JSON.stringify([info.name, info.version, view.filter, view.order]);
}

/**
 * The status of the order; before it there is one, and without an order, what is being built for the
 * filter: its count, then its matches. Of other filters' the server does not tell them apart.
 */
export function statusOf(
  views: readonly ViewStatus[],
  view: Pick<ViewState, 'filter' | 'order'>,
): ViewStatus | undefined {
  const isBuilt = (kind: ViewStatus['kind']) => (status: ViewStatus) =>
    status.kind === kind && status.state === 'building';
  const ofFilter = () =>
    view.filter === ''
      ? undefined
      : (views.find(isBuilt('filter')) ?? views.find(isBuilt('matches')));
  if (view.order.length === 0) return ofFilter();
  const order = view.order
    .map(({ column, descending }) => (descending ? '-' : '') + spellName(column))
    .join();
  const isFiltered = view.filter !== '';
  const isOrder = (status: ViewStatus) =>
    status.order === order && status.isFiltered === isFiltered;
  return views.find(isOrder) ?? ofFilter();
}
