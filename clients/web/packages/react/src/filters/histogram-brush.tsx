import type { Histogram } from '@bowshot/client';
import { useRef, useState, type PointerEvent as ReactPointerEvent } from 'react';

import { exactText } from '../number-text.js';

interface HistogramBrushProps {
  histogram: Histogram | undefined;
  isLoading: boolean;
  /** The range on the histogram's axis; open where undefined. */
  from: number | undefined;
  to: number | undefined;
  /** An edge as it is read: with as many digits as the bins' width asks for. */
  edgeText: (edge: number) => string;
  /** Bins, both ends included; `isDone` when the pointer is lifted. */
  onBrush: (first: number, last: number, isDone: boolean) => void;
}

const HEIGHT = 72;

/** A histogram to drag over: the bins that the drag covers are the range. The keyboard has the inputs. */
export function HistogramBrush({ histogram, isLoading, from, to, ...props }: HistogramBrushProps) {
  const start = useRef<number>(undefined);
  const [hovered, setHovered] = useState<number>();
  if (!histogram) {
    const text = isLoading ? '' : 'There are no values to count';
    return (
      <div className="bowshot-brush" data-pending={isLoading || undefined}>
        {text}
      </div>
    );
  }
  const { counts, edges } = histogram;
  const highest = Math.max(1, ...counts);
  const binAt = (event: ReactPointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - box.left) / Math.max(1, box.width);
    return Math.min(counts.length - 1, Math.max(0, Math.floor(share * counts.length)));
  };
  const brush = (event: ReactPointerEvent<SVGSVGElement>, isDone: boolean) => {
    if (start.current === undefined) return;
    const bin = binAt(event);
    props.onBrush(Math.min(start.current, bin), Math.max(start.current, bin), isDone);
    if (isDone) start.current = undefined;
  };
  // A bin that the range cuts counts as a whole here: the rows' own count is exact.
  const isOpen = from === undefined && to === undefined;
  const isIn = (bin: number) =>
    (to === undefined || edges[bin]! <= to) && (from === undefined || edges[bin + 1]! > from);
  return (
    <figure className="bowshot-brush" aria-busy={isLoading}>
      <svg
        aria-hidden
        viewBox={`0 0 ${counts.length} ${HEIGHT}`}
        preserveAspectRatio="none"
        onPointerDown={(event) => {
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = binAt(event);
          brush(event, false);
        }}
        onPointerMove={(event) => {
          setHovered(binAt(event));
          brush(event, false);
        }}
        onPointerUp={(event) => brush(event, true)}
        onPointerLeave={() => setHovered(undefined)}
      >
        {counts.map((count, bin) => {
          const height = count === 0 ? 0 : Math.max(1.5, (count / highest) * HEIGHT);
          return (
            <g
              key={bin}
              data-out={!isIn(bin) || undefined}
              data-hovered={bin === hovered || undefined}
            >
              <rect x={bin} y={0} width={1} height={HEIGHT} className="bowshot-brush-back" />
              <rect x={bin + 0.05} y={HEIGHT - height} width={0.9} height={height} />
            </g>
          );
        })}
      </svg>
      <figcaption>
        {hovered === undefined
          ? `${isOpen ? '' : 'at most '}${exactText(sum(counts.filter((_, bin) => isIn(bin))))} rows`
          : `${props.edgeText(hovered)} – ${props.edgeText(hovered + 1)}: ${exactText(counts[hovered]!)} rows`}
      </figcaption>
    </figure>
  );
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
