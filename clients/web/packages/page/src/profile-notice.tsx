import type { BowshotError } from '@bowshot/client';

interface ProfileNoticeProps {
  error: BowshotError | undefined;
  onHide: () => void;
}

/** Why there is no profile; the rows are there all the same. */
export function ProfileNotice({ error, onHide }: ProfileNoticeProps) {
  // A wrong filter is said at the filter.
  if (!error || error.parameter === 'filter') return null;
  return (
    <div role="status" className="data-notice">
      <span>No profile: {error.detail || error.title}</span>
      <button type="button" onClick={onHide}>
        Hide
      </button>
    </div>
  );
}
