/** Columns and ranges under the mouse, open groups, what is converted and built: on the mock server. */
import { connect } from '@bowshot/client';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { expectSoon, expectText } from './expect-soon.js';
import { explorer, mock, open, openRows, useMockServer } from './session.js';

useMockServer();

const columnNames = () =>
  explorer.page
    .locator('[role=columnheader][data-column]')
    .evaluateAll((headers) =>
      headers
        .toSorted((a, b) => Number(a.ariaColIndex) - Number(b.ariaColIndex))
        .map((header) => header.getAttribute('data-column')),
    );

async function middleOf(locator: Locator): Promise<{ x: number; y: number }> {
  const box = (await locator.boundingBox())!;
  return { x: box.x + box.width / 2, y: box.y + 12 };
}

test('a column is dragged to another place, and does not sort by that', async () => {
  await openRows('#/flights');
  const { mouse } = explorer.page;
  const from = await middleOf(explorer.columnHeader('distance'));
  const to = (await explorer.columnHeader('date').boundingBox())!;
  await mouse.move(from.x, from.y);
  await mouse.down();
  await mouse.move(from.x - 40, from.y);
  await mouse.move(to.x + 10, from.y);
  await explorer.screenshot('column-drag');
  await mouse.up();
  await expectSoon(async () => (await columnNames()).slice(0, 3), ['distance', 'date', 'delay']);
  await expectSoon(() => explorer.columnHeader('distance').getAttribute('aria-sort'), 'none');
  expect(explorer.page.url()).toContain('first=distance');
  expect(explorer.page.url()).not.toContain('order');
  // The name is a button as before: a key sorts.
  await explorer.columnHeader('distance').getByRole('button').press('Enter');
  await expectSoon(() => explorer.columnHeader('distance').getAttribute('aria-sort'), 'ascending');
  await explorer.page.goBack();
  await explorer.page.goBack();
  await expectSoon(async () => (await columnNames())[0], 'date');
});

test('a column that is dragged to the edge scrolls the others', async () => {
  await openRows('#/flights', { viewport: { width: 800, height: 500 } });
  const { mouse } = explorer.page;
  const from = await middleOf(explorer.columnHeader('date'));
  await mouse.move(from.x, from.y);
  await mouse.down();
  await mouse.move(from.x + 50, from.y);
  await mouse.move(778, from.y);
  await expectSoon(async () => (await explorer.columnHeader('is_late').count()) === 1, true);
  await expectSoon(async () => {
    const box = await explorer.columnHeader('is_late').boundingBox();
    return box !== null && box.x + box.width < 800;
  }, true);
  await mouse.up();
  await expectSoon(async () => (await columnNames()).at(-1), 'date');
});

test('a column is pinned, hidden, and shown again', async () => {
  await openRows('#/flights', { viewport: { width: 800, height: 500 }, colorScheme: 'dark' });
  const choose = async (column: string, action: string) => {
    await explorer.columnHeader(column).getByRole('button').focus();
    await explorer.page.keyboard.press('ArrowDown');
    const menu = explorer.page.getByRole('dialog', { name: `Column ${column}` });
    await menu.getByRole('button', { name: action }).click();
  };
  await choose('delay', 'Pin at the left');
  await expectSoon(async () => (await columnNames())[0], 'delay');
  const before = await explorer.columnHeader('delay').boundingBox();
  await explorer.grid.focus();
  await explorer.page.keyboard.press('End');
  await expectSoon(async () => (await explorer.columnHeader('is_late').count()) === 1, true);
  expect(await explorer.columnHeader('delay').boundingBox()).toEqual(before);
  await explorer.screenshot('pinned-dark-800');
  await choose('is_late', 'Hide');
  await expectSoon(() => explorer.grid.getAttribute('aria-colcount'), '7');
  expect(explorer.page.url()).toContain('hide=is_late&pin=delay');
  await explorer.page.getByRole('button', { name: 'Columns' }).click();
  const menu = explorer.page.getByRole('dialog', { name: 'Columns' });
  await explorer.screenshot('columns-menu-dark-800');
  await menu.getByRole('checkbox', { name: 'is_late' }).click();
  await expectSoon(() => explorer.grid.getAttribute('aria-colcount'), '8');
});

test('a range that is dragged below the edge scrolls on, and stops with the button', async () => {
  await openRows('#/flights');
  const { mouse } = explorer.page;
  const from = await middleOf(explorer.cell(3, 1));
  const body = (await explorer.body.boundingBox())!;
  await mouse.move(from.x, from.y);
  await mouse.down();
  await mouse.move(from.x, from.y + 60);
  // Held still, out of the body: it goes on by itself.
  await mouse.move(from.x, body.y + body.height + 30);
  await expectSoon(async () => (await explorer.topRow()) > 100, true);
  await mouse.up();
  const settled = explorer.page.locator(
    '[role=row]:not([aria-busy]) [role=gridcell][aria-selected=true]',
  );
  await expectSoon(async () => (await settled.count()) > 10, true);
  await expectSoon(async () => {
    const top = await explorer.topRow();
    await explorer.screenshot('range-over-the-edge');
    return (await explorer.topRow()) === top;
  }, true);
  await mouse.move(from.x, from.y);
  await mouse.wheel(0, -1_000_000);
  const selected = explorer.cell(3, 1);
  await expectSoon(() => selected.getAttribute('aria-selected'), 'true');
  await expectSoon(() => explorer.cell(2, 1).getAttribute('aria-selected'), 'false');
  await expectSoon(() => explorer.cell(3, 2).getAttribute('aria-selected'), 'false');
});

test('a cancelled export ends the request, and keeps no file', async () => {
  await openRows('#/flights');
  await explorer.page.evaluate(() => {
    const pick = async () => {
      const folder = await navigator.storage.getDirectory();
      return folder.getFileHandle('cancelled', { create: true });
    };
    Object.assign(window, { showSaveFilePicker: pick });
  });
  mock.fault({ kind: 'trickle', shape: 'rows', times: 1, ms: 3000 });
  const ended = explorer.page.waitForEvent('requestfailed', (request) =>
    request.url().includes('format=csv'),
  );
  await explorer.page.getByRole('button', { name: 'Export' }).click();
  const panel = explorer.page.getByRole('dialog', { name: 'Export' });
  await panel.getByRole('button', { name: 'CSV' }).click();
  await panel.getByRole('button', { name: 'Download' }).click();
  await expectSoon(async () => (await panel.innerText()).includes('/s'), true);
  await explorer.screenshot('export-running');
  await panel.getByRole('button', { name: 'Cancel' }).click();
  await expectSoon(async () => (await panel.innerText()).includes('No file was kept'), true);
  await ended;
});

test('open groups are in the address, nulls and groups in groups too', async () => {
  await openRows('#/flights?by=carrier&by=origin&filter=delay+%3E+300');
  const tree = explorer.page.getByRole('treegrid');
  await expectSoon(() => tree.getAttribute('aria-rowcount'), '7');
  // The rows that the filter keeps, not the groups' lines, of all.
  const kept = await connect(mock.url).dataset('flights').count({ filter: 'delay > 300' });
  const title = explorer.page.locator('.title p');
  await expectText(title, `${kept.toLocaleString('en-US')} of 20,000 rows6 groups`);
  const level = (number: number) => explorer.page.locator(`[role=row][aria-level="${number}"]`);
  await tree.focus();
  // What is below a group is there a moment after it opens.
  await explorer.page.keyboard.press('Control+End');
  await explorer.page.keyboard.press('ArrowRight');
  await expectSoon(async () => (await level(2).count()) > 0, true);
  await explorer.page.keyboard.press('ArrowDown');
  await explorer.page.keyboard.press('ArrowRight');
  await expectSoon(async () => (await level(3).count()) > 0, true);
  await expectSoon(() => explorer.page.url().includes('open=%5Bnull%2C%22ATL%22%5D'), true);
  const lines = await tree.getAttribute('aria-rowcount');
  await expectSoon(() => level(1).last().getAttribute('aria-setsize'), '6');
  await expectSoon(() => level(1).last().getAttribute('aria-posinset'), '6');
  // A group's line is read as a whole.
  const active = (await tree.getAttribute('aria-activedescendant'))!;
  await expectSoon(() => explorer.page.locator(`[id="${active}"]`).getAttribute('role'), 'row');
  await explorer.page.reload();
  await expectSoon(() => tree.getAttribute('aria-rowcount'), lines);
  await expectSoon(() => level(2).first().getAttribute('aria-expanded'), 'true');
  await explorer.screenshot('groups-in-groups');
});

test('a sample in equal shares: its weights, and too few rows for the values', async () => {
  await openRows('#/flights?sample=1000', { viewport: { width: 1920, height: 1080 } });
  const bar = explorer.page.getByRole('group', { name: 'Sample' });
  await bar.getByRole('combobox', { name: 'Equal shares of' }).selectOption('=carrier');
  await expectSoon(async () => (await columnNames()).at(-1), '_weight');
  await expectSoon(async () => Number(await explorer.cell(0, 7).textContent()) > 1, true);
  expect(explorer.page.url()).toContain('share=carrier');
  await explorer.columnHeader('_weight').getByRole('button').focus();
  await explorer.page.keyboard.press('ArrowDown');
  const menu = explorer.page.getByRole('dialog', { name: 'Column _weight' });
  await expectSoon(() => menu.getByRole('button', { name: /Group/ }).count(), 0);
  await explorer.page.keyboard.press('Escape');
  await explorer.screenshot('sample-shares');
  await explorer.page.goto(`${mock.url}/#/flights?sample=3&share=carrier`);
  await expectSoon(async () => (await explorer.page.getByRole('alert').count()) === 1, true);
  expect(await explorer.page.getByRole('alert').innerText()).toContain('carrier has 6 values');
});

test('a dataset that is being converted shows how far, and its rows when it is there', async () => {
  mock.fault({ kind: 'converting', shape: 'info', times: 3 });
  await open('#/flights', { colorScheme: 'dark' });
  const progress = explorer.page.getByRole('progressbar', { name: 'Conversion of flights' });
  await expectSoon(async () => (await progress.count()) === 1, true);
  await expectSoon(() => progress.getAttribute('value'), '0.3');
  await explorer.screenshot('converting-dark');
  await expectText(explorer.cell(0, 1), '324');
  await expectSoon(() => progress.count(), 0);
});

test('an order that is being built says so until it is there', async () => {
  const status = { kind: 'order', order: 'delay', filtered: false, rows: 0, bytes: 0 };
  mock.show('flights', [{ ...status, state: 'building', progress: 0.42 }]);
  await openRows('#/flights?order=%2Bdelay');
  await expectText(explorer.page.locator('.title p span'), 'sorting… 42 %');
  const line = explorer.page.getByRole('progressbar', { name: 'Sorting' });
  await expectSoon(() => line.count(), 1);
  await explorer.screenshot('sorting');
  mock.show('flights', [{ ...status, state: 'ready', progress: 1 }]);
  await expectSoon(() => line.count(), 0);
});

test('the count and the matches of a filter that are being built say so until they are there', async () => {
  const status = { state: 'building', rows: 0, bytes: 0, progress: 0.42 };
  mock.show('flights', [{ ...status, kind: 'filter' }]);
  for (const shape of ['rows', 'count']) {
    mock.fault({ kind: 'slow', shape, times: 9, ms: 120_000 });
  }
  await open('#/flights?filter=delay+%3E+100');
  await expectText(explorer.page.locator('.title p b'), 'counting… 42 %');
  await expectSoon(() => explorer.page.getByRole('progressbar', { name: 'Counting' }).count(), 1);
  mock.show('flights', [{ ...status, kind: 'matches' }]);
  await expectText(explorer.page.locator('.title p span'), 'matching… 42 %');
  const line = explorer.page.getByRole('progressbar', { name: 'Matching' });
  await expectSoon(() => line.count(), 1);
  await explorer.screenshot('matching');
  mock.show('flights', []);
  await expectSoon(() => line.count(), 0);
});

test('the example in the filter box is of the data, and is a filter that it takes', async () => {
  await openRows('#/flights');
  const placeholder = () => explorer.filter.getAttribute('placeholder');
  await expectSoon(async () => /origin = '|carrier = '/.test((await placeholder()) ?? ''), true);
  const example = (await placeholder())!.replace('Filter, e.g. ', '');
  await explorer.applyFilter(example);
  await expectSoon(async () => {
    const text = await explorer.page.locator('.title p').innerText();
    return /^[1-9][\d,]* of/.test(text);
  }, true);
});
