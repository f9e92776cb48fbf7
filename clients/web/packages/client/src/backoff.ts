import { isTemporary, type BowshotError } from './error.js';

/** Before a server that is busy or away is asked again, unless it says when. */
const FIRST_MS = 1_000;
const MAX_MS = 30_000;

/**
 * When a server that is busy or away is asked again: as late as it says, and later each time that it
 * fails. One wait at a time.
 */
export class Backoff {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at: number | undefined;
  #failures = 0;

  /** The end of the wait as `Date.now()` counts; undefined where there is none. */
  get at(): number | undefined {
    return this.#at;
  }

  /** Calls `ask` when it is time, if the error is a temporary one. */
  wait(error: BowshotError, ask: () => void): void {
    if (!isTemporary(error) || this.#timer !== undefined) return;
    const delay = Math.min(FIRST_MS * 2 ** this.#failures, MAX_MS);
    const ms = Math.max(error.retryAfterMs ?? 0, delay);
    this.#failures += 1;
    this.#at = Date.now() + ms;
    this.#timer = setTimeout(() => {
      this.cancel();
      ask();
    }, ms);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#at = undefined;
  }
}
