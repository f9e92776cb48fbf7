import type { ViewStatus } from '@bowshot/client';

const WORK: Record<ViewStatus['kind'], string> = {
  filter: 'counting',
  matches: 'matching',
  order: 'sorting',
};

/** A line over the rows while the server builds their view: it moves nothing. */
export function BuildLine({ build }: { build: ViewStatus | undefined }) {
  if (build?.state !== 'building') return null;
  const work = WORK[build.kind];
  return (
    <progress
      className="build-line"
      aria-label={work.charAt(0).toUpperCase() + work.slice(1)}
      max={1}
      value={build.progress > 0 ? build.progress : undefined}
    />
  );
}

/** What the server is at, for the line below the name. */
export function sayBuild({ kind, state, progress }: ViewStatus): string {
  if (state === 'failed') {
    return kind === 'order' ? 'this order cannot be kept: jumps are slow' : '';
  }
  const share = progress > 0 ? ` ${Math.floor(100 * progress)} %` : '';
  return `${WORK[kind]}…${share}`;
}
