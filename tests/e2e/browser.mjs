// Debian's Chromium, driven by the playwright-core that clients/web has.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../clients/web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const SECONDS_MAX = 30;
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Calls `visit(page)` in a browser of its own, which ends in every case. */
export async function withPage(visit, options = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
  });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(SECONDS_MAX * 1000);
    const page = await context.newPage();
    return await visit(page);
  } finally {
    await browser.close();
  }
}
