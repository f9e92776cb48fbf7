/** Pixels a millisecond for every pixel beyond the edge, and at most. */
const SPEED_PER_PIXEL = 0.012;
const SPEED_MAX = 3;
/** A frame that came late must not jump. */
const FRAME_MS_MAX = 50;

/**
 * Scrolls for as long as a drag is held beyond an edge, the faster the further; a pointer that is held
 * still sends no events. Stops when the drag comes back, and by `stop`.
 */
export class EdgeScroll {
  #beyond = { x: 0, y: 0 };
  #frame: number | undefined;

  /** `scroll` is called a frame at most, with the way to go. */
  constructor(private readonly scroll: (dx: number, dy: number) => void) {}

  /** How far the pointer is beyond an edge: negative at the left and at the top, 0 inside. */
  follow(beyond: { x: number; y: number }): void {
    this.#beyond = beyond;
    if (beyond.x === 0 && beyond.y === 0) this.stop();
    else if (this.#frame === undefined) this.#next(performance.now());
  }

  stop(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
  }

  #next(before: number): void {
    this.#frame = requestAnimationFrame((now) => {
      const elapsed = Math.min(Math.max(0, now - before), FRAME_MS_MAX);
      this.#next(now);
      this.scroll(speed(this.#beyond.x) * elapsed, speed(this.#beyond.y) * elapsed);
    });
  }
}

/** How far a place lies outside of a stretch: negative before it, positive after it. */
export function beyond(place: number, start: number, end: number): number {
  if (place < start) return place - start;
  return place > end ? place - end : 0;
}

function speed(pixels: number): number {
  return Math.max(-SPEED_MAX, Math.min(SPEED_MAX, pixels * SPEED_PER_PIXEL));
}
