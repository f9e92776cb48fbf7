import type { ViewStatus } from '@bowshot/client';

/** A line over the rows while the server builds their view: it moves nothing. */
export function BuildLine({ build }: { build: ViewStatus | undefined }) {
  if (build?.state !== 'building') return null;
  return (
    <progress
      className="build-line"
      aria-label={build.kind === 'order' ? 'Sorting' : 'Counting'}
      max={1}
      value={build.progress > 0 ? build.progress : undefined}
    />
  );
}

/** What the server is at, for the line below the name. */
export function sayBuild({ kind, state, progress }: ViewStatus): string {
  if (state === 'failed') {
    return kind === 'order' ? 'too many rows to keep sorted: jumps are slow' : '';
  }
  const share = progress > 0 ? ` ${Math.floor(100 * progress)} %` : '';
  return `${kind === 'order' ? 'sorting' : 'counting'}…${share}`;
}
