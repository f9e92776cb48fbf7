import { fileURLToPath } from 'node:url';

import type { Browser, BrowserContextOptions, ViewportSize } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';

import { startMockServer, type MockServer } from '../../mock/server.mjs';
import { expectSoon } from './expect-soon.js';
import { Explorer, launchBrowser } from './explorer.js';

/** The built page. */
export const PAGE = fileURLToPath(new URL('../../packages/page/dist', import.meta.url));

type ContextOptions = Omit<BrowserContextOptions, 'viewport'> & { viewport?: ViewportSize };

const DEFAULT_VIEWPORT = { width: 1280, height: 800 };

/** The mock server of the test that runs. */
export let mock: MockServer;
/** The page that was opened last. */
export let explorer: Explorer;
let browser: Browser;
/** The options that cannot change while a context is there, of the one that is. */
let contextKey: string | null = null;

/** One browser for a spec, and for each of its tests a mock server; the page may complain of nothing. */
export function useMockServer(): void {
  beforeEach(async () => {
    mock = await startMockServer({ page: PAGE });
  });
  afterEach(() => mock.close());
  // What is registered last ends first: the page is closed before its server.
  useBrowser();
}

/** One browser for a spec. What a test opened is left after it. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    if (contextKey === null) return;
    const { complaints } = explorer;
    await explorer.leave();
    expect(complaints).toEqual([]);
  });
}

/** The page at a place of the mock server, in place of the one before. */
export async function open(hash: string, options?: ContextOptions): Promise<void> {
  await openPage(options);
  await explorer.page.goto(`${mock.url}/${hash}`);
}

/** As open(), and its first rows, here and not awaited. */
export async function openRows(hash: string, options?: ContextOptions): Promise<void> {
  await open(hash, options);
  const cells = explorer.page.locator('[role=row]:not([aria-busy]) [role=gridcell]');
  await expectSoon(async () => (await cells.count()) > 0, true);
}

/** An empty page: the one before where it can be it, as a new one compiles all scripts anew. */
export async function openPage(options: ContextOptions = {}): Promise<void> {
  const { viewport = DEFAULT_VIEWPORT, colorScheme = 'light', ...others } = options;
  const key = JSON.stringify(others);
  if (key === contextKey) {
    await explorer.leave();
    explorer = new Explorer(explorer.page);
  } else {
    if (contextKey !== null) await explorer.page.context().close();
    const context = await browser.newContext(others);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    explorer = new Explorer(await context.newPage());
    contextKey = key;
  }
  await explorer.page.setViewportSize(viewport);
  await explorer.page.emulateMedia({ colorScheme });
}
