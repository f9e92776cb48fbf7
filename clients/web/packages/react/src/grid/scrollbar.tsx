import type { PointerEvent as ReactPointerEvent, Ref } from 'react';

import type { GridController } from './grid-controller.js';
import { followDrag } from './pointer.js';
import { scrollOfThumb, thumbOf } from './scroll-geometry.js';

interface ScrollbarProps {
  grid: GridController;
  axis: 'vertical' | 'horizontal';
  thumbRef: Ref<HTMLDivElement>;
}

/**
 * A bar with its own geometry: its ends are the first and the last row exactly. Hidden from assistive
 * technology, which has the grid's keys.
 */
export function Scrollbar({ grid, axis, thumbRef }: ScrollbarProps) {
  return (
    <div
      aria-hidden
      className={`bowshot-grid-scrollbar bowshot-grid-scrollbar-${axis}`}
      onPointerDown={(event) => onPointerDown(event, grid, axis)}
    >
      <div ref={thumbRef} className="bowshot-grid-thumb" />
    </div>
  );
}

function onPointerDown(
  event: ReactPointerEvent<HTMLDivElement>,
  grid: GridController,
  axis: ScrollbarProps['axis'],
): void {
  if (event.button !== 0) return;
  // Not the grid's: a press here neither selects a cell nor pans.
  event.stopPropagation();
  event.preventDefault();
  const bar = event.currentTarget;
  const box = bar.getBoundingClientRect();
  const at = axis === 'vertical' ? event.clientY - box.top : event.clientX - box.left;
  const scrollAxis = grid[axis];
  const track = grid.tracks[axis];
  const scroll = axis === 'vertical' ? grid.scrollTop : grid.scrollLeft;
  const thumb = thumbOf(scroll, scrollAxis, track);
  if (!thumb) return;
  const isOnThumb = at >= thumb.offset && at <= thumb.offset + thumb.size;
  // A press on the track brings the thumb's middle there, and goes on as a drag.
  const start = isOnThumb ? thumb.offset : at - thumb.size / 2;
  const scrollTo = (offset: number) => {
    const target = scrollOfThumb(offset, grid[axis], track);
    if (axis === 'vertical') grid.scrollTo(target, grid.scrollLeft);
    else grid.scrollTo(grid.scrollTop, target);
  };
  if (!isOnThumb) scrollTo(start);
  bar.dataset['dragging'] = '';
  followDrag(
    event.nativeEvent,
    bar,
    (dx, dy) => scrollTo(start + (axis === 'vertical' ? dy : dx)),
    () => delete bar.dataset['dragging'],
  );
}
