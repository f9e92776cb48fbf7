import type { RowWindow } from '@bowshot/client';
import { useEffect, useState } from 'react';

import type { RowWindowState } from '../hooks.js';

const LOADING_SAID_AFTER_MS = 600;

interface GridNoticeProps {
  rows: RowWindow;
  state: RowWindowState;
  showsRequestError?: boolean;
  emptyText?: string;
}

/** What failed, over the grid's lower edge, with a way to try again. Rows stay where they are. */
export function GridNotice({
  rows,
  state,
  showsRequestError = true,
  emptyText = 'No rows',
}: GridNoticeProps) {
  const error = state.error ?? state.rowsError;
  if (state.error && !showsRequestError) return null;
  if (!error) {
    if (state.rowCountIsExact && state.rowCount === 0) {
      return <div className="bowshot-grid-empty">{emptyText}</div>;
    }
    return null;
  }
  return (
    <div role="alert" className="bowshot-grid-notice">
      <div>
        <strong>{titleOf(state)}</strong>
        <span>{error.detail || error.title}</span>
      </div>
      <button type="button" onClick={() => rows.retry()}>
        Retry
      </button>
    </div>
  );
}

function titleOf({ error, rowsError, isOnlyUncounted }: RowWindowState): string {
  if (error) return error.title;
  if (isOnlyUncounted) return 'The rows could not be counted';
  return rowsError ? 'These rows could not be loaded' : '';
}

/** Says to screen readers that rows are awaited, when it takes long enough to wonder. */
export function GridStatus({ state }: { state: RowWindowState }) {
  const isSlow = useIsLasting(state.isLoading, LOADING_SAID_AFTER_MS);
  return (
    <div role="status" className="bowshot-visually-hidden">
      {isSlow ? 'Loading rows' : ''}
    </div>
  );
}

/** Whether `condition` has held for so long. */
function useIsLasting(condition: boolean, ms: number): boolean {
  const [isLasting, setIsLasting] = useState(false);
  useEffect(() => {
    if (!condition) return;
    const timer = setTimeout(() => setIsLasting(true), ms);
    return () => {
      clearTimeout(timer);
      setIsLasting(false);
    };
  }, [condition, ms]);
  return isLasting;
}
