import { beyond, EdgeScroll } from './edge-scroll.js';
import type { GridController } from './grid-controller.js';

const LINE_PIXELS = 40;
/** Share of a finger's speed that is left after a millisecond. */
const INERTIA = 0.996;
const INERTIA_SPEED_MIN = 0.02;
const TAP_PIXELS = 6;

/** Wheel, mouse and touch on the body of the grid. Returns what takes them off again. */
export function listenToPointer(body: HTMLElement, grid: GridController): () => void {
  const listeners = new AbortController();
  const { signal } = listeners;
  body.addEventListener('wheel', (event) => onWheel(event, body, grid), { passive: false, signal });
  listenToMouse(body, grid, signal);
  const stopTouch = listenToTouch(body, grid, signal);
  return () => {
    listeners.abort();
    stopTouch();
  };
}

function onWheel(event: WheelEvent, body: HTMLElement, grid: GridController): void {
  // A pinch zooms the page; it arrives as a wheel with Ctrl.
  if (event.ctrlKey) return;
  event.preventDefault();
  const unit =
    event.deltaMode === WheelEvent.DOM_DELTA_LINE
      ? LINE_PIXELS
      : event.deltaMode === WheelEvent.DOM_DELTA_PAGE
        ? body.clientHeight
        : 1;
  const isSideways = event.shiftKey && event.deltaX === 0;
  const dx = (isSideways ? event.deltaY : event.deltaX) * unit;
  grid.scrollBy(dx, isSideways ? 0 : event.deltaY * unit);
}

/** A press makes a cell active, with Shift it extends to it, and a drag selects; over an edge it scrolls. */
function listenToMouse(body: HTMLElement, grid: GridController, signal: AbortSignal): void {
  const placeOf = (event: PointerEvent) => {
    const box = body.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  body.addEventListener(
    'pointerdown',
    (event) => {
      if (event.pointerType === 'touch' || event.button !== 0 || isOnScrollbar(event)) return;
      const { x, y } = placeOf(event);
      const cell = grid.cellAt(x, y);
      if (!cell) return;
      if (event.shiftKey) grid.extendTo(cell);
      else grid.activate(cell);
      if (!event.shiftKey && grid.toggleGroup(cell.row)) return;
      selectByDrag(event, body, grid, { x, y });
    },
    { signal },
  );
  body.addEventListener(
    'pointermove',
    (event) => {
      if (event.pointerType === 'touch') return;
      const { x, y } = placeOf(event);
      grid.hover(grid.cellAt(x, y)?.row);
    },
    { signal },
  );
  body.addEventListener('pointerleave', () => grid.hover(undefined), { signal });
}

function selectByDrag(
  down: PointerEvent,
  body: HTMLElement,
  grid: GridController,
  start: { x: number; y: number },
): void {
  let way = { x: 0, y: 0 };
  const extend = () => grid.extendTo(grid.nearestCell(start.x + way.x, start.y + way.y));
  const edge = new EdgeScroll((dx, dy) => {
    grid.scrollBy(dx, dy);
    extend();
  });
  followDrag(
    down,
    body,
    (x, y) => {
      way = { x, y };
      if (Math.hypot(x, y) < TAP_PIXELS) return;
      extend();
      const { left, right, bottom } = grid.cellsArea;
      edge.follow({
        x: beyond(start.x + x, left, right),
        y: beyond(start.y + y, 0, bottom),
      });
    },
    () => edge.stop(),
  );
}

/** The bars lie within the body, and follow their drags themselves. */
function isOnScrollbar({ target }: PointerEvent): boolean {
  return target instanceof Element && target.closest('.bowshot-grid-scrollbar') !== null;
}

/** A finger pans, and lets go with its speed; a tap makes a cell active. */
function listenToTouch(body: HTMLElement, grid: GridController, signal: AbortSignal): () => void {
  let finger: { id: number; x: number; y: number; time: number } | undefined;
  let speed = { x: 0, y: 0 };
  let moved = 0;
  let frame = 0;

  const glide = (before: number) => {
    frame = requestAnimationFrame((now) => {
      const elapsed = Math.max(1, now - before);
      grid.scrollBy(-speed.x * elapsed, -speed.y * elapsed);
      const left = INERTIA ** elapsed;
      speed = { x: speed.x * left, y: speed.y * left };
      if (Math.hypot(speed.x, speed.y) > INERTIA_SPEED_MIN) glide(now);
    });
  };
  const down = (event: PointerEvent) => {
    if (event.pointerType !== 'touch' || finger || isOnScrollbar(event)) return;
    cancelAnimationFrame(frame);
    body.setPointerCapture(event.pointerId);
    finger = { id: event.pointerId, x: event.clientX, y: event.clientY, time: event.timeStamp };
    speed = { x: 0, y: 0 };
    moved = 0;
  };
  const move = (event: PointerEvent) => {
    if (event.pointerId !== finger?.id) return;
    const dx = event.clientX - finger.x;
    const dy = event.clientY - finger.y;
    const elapsed = Math.max(1, event.timeStamp - finger.time);
    // Smoothed: the last event before a finger lifts is often a stray one.
    speed = { x: 0.6 * speed.x + (0.4 * dx) / elapsed, y: 0.6 * speed.y + (0.4 * dy) / elapsed };
    moved += Math.hypot(dx, dy);
    finger = { id: finger.id, x: event.clientX, y: event.clientY, time: event.timeStamp };
    grid.scrollBy(-dx, -dy);
  };
  const up = (event: PointerEvent) => {
    if (event.pointerId !== finger?.id) return;
    finger = undefined;
    const box = body.getBoundingClientRect();
    const cell = grid.cellAt(event.clientX - box.left, event.clientY - box.top);
    if (moved >= TAP_PIXELS) glide(performance.now());
    else if (cell && event.type === 'pointerup') {
      grid.activate(cell);
      grid.toggleGroup(cell.row);
    }
  };
  body.addEventListener('pointerdown', down, { signal });
  body.addEventListener('pointermove', move, { signal });
  body.addEventListener('pointerup', up, { signal });
  body.addEventListener('pointercancel', up, { signal });
  return () => cancelAnimationFrame(frame);
}

/** Less is a press with an unsteady hand. */
const DRAG_PIXELS = 4;

/**
 * Follows a drag that begins with `down`: `moved` gets the way from its start, and `ended` is called
 * once. Ends by itself. `element` holds the pointer from the first real move on: until then a press is
 * a press of whatever is under it.
 */
export function followDrag(
  down: PointerEvent,
  element: Element,
  moved: (dx: number, dy: number) => void,
  ended?: () => void,
): void {
  const listeners = new AbortController();
  const { signal } = listeners;
  const { pointerId, clientX: x, clientY: y } = down;
  const move = (event: PointerEvent) => {
    if (event.pointerId !== pointerId) return;
    const dx = event.clientX - x;
    const dy = event.clientY - y;
    const isHeld = element.hasPointerCapture(pointerId);
    if (!isHeld && Math.hypot(dx, dy) >= DRAG_PIXELS) element.setPointerCapture(pointerId);
    moved(dx, dy);
  };
  const end = (event: PointerEvent) => {
    if (event.pointerId !== pointerId) return;
    // Others lose the pointer when `element` takes it.
    if (event.type === 'lostpointercapture' && event.target !== element) return;
    listeners.abort();
    ended?.();
  };
  addEventListener('pointermove', move, { signal });
  for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
    addEventListener(name, end, { signal });
  }
}
