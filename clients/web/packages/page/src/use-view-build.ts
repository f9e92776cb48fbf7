import { spellName, type DatasetInfo, type ViewStatus } from '@bowshot/client';
import { useBowshot, type RowWindowState } from '@bowshot/react';
import { useEffect, useRef, useState } from 'react';

import type { ViewState } from './view-state.js';

/** What takes less is not worth a word. */
const QUIET_MS = 400;
const LOOK_MS = 500;

/** What the reader waits for. */
interface Awaited {
  count: boolean;
  rows: boolean;
}

/**
 * What the server makes of the view's filter and order so that it scrolls like plain rows: being built,
 * or not to be had; undefined while there is nothing to say.
 */
export function useViewBuild(
  info: DatasetInfo,
  view: ViewState,
  state: RowWindowState,
): ViewStatus | undefined {
  const bowshot = useBowshot();
  const key = viewKey(info, view);
  const awaited = { count: !state.rowCountIsExact, rows: state.isLoading };
  const isLoading = awaited.count || awaited.rows;
  const [found, setFound] = useState<{ key: string; views: readonly ViewStatus[] }>();
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
        setFound({ key, views });
        if (!isLoading && statusOf(views, view, awaited)?.state !== 'building') {
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
  const status = found?.key === key ? statusOf(found?.views ?? [], view, awaited) : undefined;
  return status?.state === 'ready' ? undefined : status;
}

/** What the server would keep for a view; undefined where it keeps nothing. */
function viewKey(info: DatasetInfo, view: ViewState): string | undefined {
  const isPlain = view.filter === '' && view.order.length === 0;
  if (isPlain || view.sample !== undefined || view.groupBy.length > 0) return undefined;
  return JSON.stringify([info.name, info.version, view.filter, view.order]);
}

/**
 * The status of the order; before it there is one, and without an order, what is being built for the
 * filter: its count, then its matches. The server does not say of which filter they are, so those are
 * told only while the reader waits for what they bring; and of several how far they are is not.
 */
export function statusOf(
  views: readonly ViewStatus[],
  view: Pick<ViewState, 'filter' | 'order'>,
  awaited: Awaited,
): ViewStatus | undefined {
  const built = (kind: ViewStatus['kind']) => {
    const [first, second] = views.filter(
      (status) => status.kind === kind && status.state === 'building',
    );
    return first && second ? { ...first, progress: 0 } : first;
  };
  const ofFilter = () => {
    if (view.filter === '') return undefined;
    const counts = awaited.count ? built('filter') : undefined;
    return counts ?? (awaited.rows ? built('matches') : undefined);
  };
  if (view.order.length === 0) return ofFilter();
  const order = view.order
    .map(({ column, descending }) => (descending ? '-' : '') + spellName(column))
    .join();
  const isFiltered = view.filter !== '';
  const [own, ofAnother] = views.filter(
    (status) => status.order === order && status.isFiltered === isFiltered,
  );
  // Two filters in the same order: either may be the reader's.
  return (ofAnother ? undefined : own) ?? ofFilter();
}
