import { fileURLToPath } from 'node:url';

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';

import { startMockServer, type MockServer } from '../../mock/server.mjs';
import { expectSoon } from './expect-soon.js';
import { Explorer, launchBrowser } from './explorer.js';

/** The built page. */
export const PAGE = fileURLToPath(new URL('../../packages/page/dist', import.meta.url));

type ContextOptions = Parameters<Browser['newContext']>[0];

/** The mock server of the test that runs. */
export let mock: MockServer;
/** The page that was opened last. */
export let explorer: Explorer;
let browser: Browser;
let isOpen = false;

/** One browser for a spec, and for each of its tests a mock server; the page may complain of nothing. */
export function useMockServer(): void {
  beforeEach(async () => {
    mock = await startMockServer({ page: PAGE });
  });
  afterEach(() => mock.close());
  // What is registered last ends first: the page is closed before its server.
  useBrowser();
}

/** One browser for a spec. What a test opened is closed after it. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    const complaints = isOpen ? explorer.complaints : [];
    await closePage();
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

/** An empty page. */
export async function openPage(options: ContextOptions = {}): Promise<void> {
  await closePage();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  explorer = new Explorer(await context.newPage());
  isOpen = true;
}

async function closePage(): Promise<void> {
  if (!isOpen) return;
  isOpen = false;
  await explorer.page.context().close();
}
