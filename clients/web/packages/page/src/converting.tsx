import type { BowshotError } from '@bowshot/client';

/** A dataset that is being converted: how far that is. It is shown as soon as it is there. */
export function Converting({ name, error }: { name: string; error: BowshotError }) {
  const share = convertedShare(error.detail);
  return (
    <div role="status" className="failure converting">
      <strong>{name} is being converted</strong>
      <progress aria-label={`Conversion of ${name}`} max={1} value={share} />
      <p>{error.detail}</p>
      <p>It opens by itself. Bowshot converts a file once, and keeps the result.</p>
    </div>
  );
}

/** The share that a detail tells, `(26 %)`; undefined where it tells none. */
export function convertedShare(detail: string): number | undefined {
  const [, percent] = /\((\d{1,3}) ?%\)/.exec(detail) ?? [];
  return percent === undefined ? undefined : Math.min(1, Number(percent) / 100);
}
