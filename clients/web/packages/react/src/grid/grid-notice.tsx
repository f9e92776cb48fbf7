import type { BowshotError } from '@bowshot/client';
import { useEffect, useState, type ReactNode } from 'react';

import type { RowWindowState } from '../hooks.js';
import { exactText } from '../number-text.js';
import { isGrouped, type GridRows } from './grid-rows.js';
import type { CopyMessage } from './use-copy.js';

const LOADING_SAID_AFTER_MS = 600;

interface GridNoticeProps {
  rows: GridRows;
  state: RowWindowState;
  showsRequestError?: boolean;
  renderErrorActions?: ((error: BowshotError) => ReactNode) | undefined;
  emptyText?: string;
}

/**
 * What failed, over the grid's lower edge, with a way to try again. Rows stay where they are. What holds
 * as long as the rows are shown stands below them, and covers none.
 */
export function GridNotice({
  rows,
  state,
  showsRequestError = true,
  renderErrorActions,
  emptyText = 'No rows',
}: GridNoticeProps) {
  const error = state.error ?? state.rowsError;
  if (state.error && !showsRequestError) return null;
  if (!error) {
    if (state.rowCountIsExact && state.rowCount === 0) {
      return (
        <div className="bowshot-grid-empty">
          <span>{emptyText}</span>
        </div>
      );
    }
    if (isGrouped(rows) && rows.isCut) {
      return (
        <div role="status" className="bowshot-grid-footer">
          {`Of more than ${exactText(rows.groupsMax)} groups the first are shown: filter for the others`}
        </div>
      );
    }
    return null;
  }
  const actions = renderErrorActions?.(error);
  return (
    <div role="alert" className="bowshot-grid-notice">
      <div>
        <strong>{titleOf(state)}</strong>
        <span>{error.detail || error.title}</span>
        {rows.retryAt !== undefined && <Countdown to={rows.retryAt} key={rows.retryAt} />}
      </div>
      <div className="bowshot-grid-notice-actions">
        {actions}
        {(!actions || error.retryable) && (
          <button type="button" onClick={() => rows.retry()}>
            {rows.retryAt === undefined ? 'Retry' : 'Now'}
          </button>
        )}
      </div>
    </div>
  );
}

function titleOf({ error, rowsError, isOnlyUncounted }: RowWindowState): string {
  if (error) return error.title;
  if (rowsError?.code === 'overloaded' || rowsError?.code === 'not_ready') return rowsError.title;
  if (rowsError?.code === 'network') return 'The connection is lost';
  if (isOnlyUncounted) return 'The rows could not be counted';
  return rowsError ? 'These rows could not be loaded' : '';
}

/** The seconds until the server is asked again. */
function Countdown({ to }: { to: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((to - now) / 1000);
  return <small>{seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again…'}</small>;
}

/** What was done, over the grid's lower edge. */
export function GridMessage({ message }: { message: CopyMessage | undefined }) {
  return (
    <div role="status" className="bowshot-grid-message" data-error={message?.isError || undefined}>
      {message?.text}
    </div>
  );
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
