import { join } from 'node:path';

import { expect } from 'vitest';
import {
  chromium,
  type Browser,
  type ConsoleMessage,
  type Locator,
  type Page,
} from 'playwright-core';

import { expectSoon } from './expect-soon.js';

const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
}

const screenshots = process.env['SCREENSHOTS'];

/** The explorer page as a reader uses it. */
export class Explorer {
  /** What the browser complained about: scripts that failed, what the security policy refused. */
  readonly complaints: string[] = [];

  constructor(readonly page: Page) {
    page.on('pageerror', this.#hearError);
    page.on('console', this.#hearConsole);
  }

  readonly #hearError = (error: Error): void => void this.complaints.push(error.message);

  readonly #hearConsole = (message: ConsoleMessage): void => {
    // A request that fails is reported as an error of the console; tests make some fail.
    const isFailedRequest = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isFailedRequest) this.complaints.push(message.text());
  };

  /** Leaves an empty page that remembers nothing, and complains to nobody. */
  async leave(): Promise<void> {
    this.page.off('pageerror', this.#hearError);
    this.page.off('console', this.#hearConsole);
    if (this.page.url() === 'about:blank') return;
    await this.page.evaluate(() => localStorage.clear());
    await this.page.goto('about:blank');
    await this.page.mouse.move(0, 0);
  }

  get grid(): Locator {
    return this.page.getByRole('grid');
  }

  get filter(): Locator {
    return this.page.getByRole('textbox', { name: 'Filter' });
  }

  get goToRow(): Locator {
    return this.page.getByRole('textbox', { name: 'Row' });
  }

  get body(): Locator {
    return this.page.locator('.bowshot-grid-body');
  }

  get thumb(): Locator {
    return this.page.locator('.bowshot-grid-scrollbar-vertical .bowshot-grid-thumb');
  }

  /** A row's cells by its number, as assistive technology reads them. */
  row(row: number): Locator {
    return this.page.locator(`[role=row][aria-rowindex="${row + 2}"] [role=gridcell]`);
  }

  cell(row: number, column: number): Locator {
    return this.page.locator(
      `[role=row][aria-rowindex="${row + 2}"] [role=gridcell][aria-colindex="${column + 2}"]`,
    );
  }

  /** What a cell shows, once its row is here. */
  async text(row: number, column: number): Promise<string> {
    await this.page.locator(`[role=row][aria-rowindex="${row + 2}"]:not([aria-busy])`).waitFor();
    return (await this.cell(row, column).textContent()) ?? '';
  }

  /** By the field above the grid, which takes grouped digits, too, and counts negative rows back. */
  async goTo(row: number | string): Promise<void> {
    await this.goToRow.fill(String(row));
    await this.goToRow.press('Enter');
  }

  /** The one alert of the page, once it is there. */
  async alertThatSays(words: string): Promise<Locator> {
    const alert = this.page.getByRole('alert');
    await expectSoon(() => alert.count(), 1);
    expect(await alert.innerText()).toContain(words);
    return alert;
  }

  columnHeader(name: string): Locator {
    return this.page.getByRole('columnheader', { name, exact: true });
  }

  async applyFilter(text: string): Promise<void> {
    await this.filter.fill(text);
    await this.filter.press('Enter');
  }

  /** The row at the top: the first that the grid shows as a whole. */
  async topRow(): Promise<number> {
    const text = await this.page.locator('[role=rowheader]').first().textContent();
    return Number((text ?? '').replaceAll(',', ''));
  }

  /** Into the folder that SCREENSHOTS names; nothing without it. */
  async screenshot(name: string): Promise<void> {
    if (screenshots === undefined) return;
    await this.page.screenshot({ path: join(screenshots, `${name}.png`) });
  }
}
