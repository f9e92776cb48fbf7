import { expect } from 'vitest';
import type { Locator } from 'playwright-core';

/** Waits until `read` gives `expected`, with a deadline. */
export async function expectSoon<T>(read: () => Promise<T> | T, expected: T): Promise<void> {
  await expect.poll(read, { timeout: 25_000, interval: 30 }).toEqual(expected);
}

export async function expectText(locator: Locator, expected: string): Promise<void> {
  await expectSoon(
    async () => ((await locator.count()) === 1 ? locator.textContent() : null),
    expected,
  );
}
