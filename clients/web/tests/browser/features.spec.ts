/** What can be done with the rows: on the mock server, each in light and dark, at two sizes. */
import { expect, test } from 'vitest';

import { expectSoon, expectText } from './expect-soon.js';
import { explorer, mock, openRows, useMockServer } from './session.js';

useMockServer();

async function openMenu(column: string) {
  await explorer.columnHeader(column).getByRole('button').focus();
  await explorer.page.keyboard.press('ArrowDown');
  return explorer.page.getByRole('dialog', { name: `Column ${column}` });
}

test('Shift-click sorts by several columns; back undoes it', async () => {
  await openRows('#/flights');
  await explorer.columnHeader('origin').getByRole('button').click();
  await explorer
    .columnHeader('delay')
    .getByRole('button')
    .click({ modifiers: ['Shift'] });
  await expectText(explorer.cell(0, 3), 'ATL');
  await expectText(explorer.cell(0, 1), '-30');
  expect(await explorer.columnHeader('delay').getAttribute('aria-description')).toBe('sort key 2');
  expect(explorer.page.url()).toContain('order=%2Borigin&order=%2Bdelay');
  await explorer.screenshot('multi-sort');
  await explorer.page.goBack();
  await expectSoon(() => explorer.columnHeader('delay').getAttribute('aria-sort'), 'none');
  expect(await explorer.columnHeader('origin').getAttribute('aria-sort')).toBe('ascending');
});

test('filters of columns are parts of one text', async () => {
  await openRows('#/flights', { colorScheme: 'dark' });
  const delay = await openMenu('delay');
  await delay.getByLabel('From').fill('60');
  await delay.getByLabel('From').press('Enter');
  await expectSoon(() => explorer.filter.inputValue(), 'delay >= 60');
  await explorer.screenshot('filter-range-dark');
  await explorer.page.keyboard.press('Escape');
  const carrier = await openMenu('carrier');
  await carrier.getByRole('checkbox', { name: /^Delta/ }).click();
  await carrier.getByRole('checkbox', { name: /^null/ }).click();
  const both = "delay >= 60 AND (carrier = 'Delta' OR carrier IS NULL)";
  await expectSoon(() => explorer.filter.inputValue(), both);
  await explorer.screenshot('filter-values-dark');
  await explorer.page.keyboard.press('Escape');
  await (await openMenu('delay')).getByRole('button', { name: 'Clear' }).click();
  await expectSoon(() => explorer.filter.inputValue(), "(carrier = 'Delta' OR carrier IS NULL)");
});

test('the place is kept when the filter changes', async () => {
  await openRows('#/flights');
  await explorer.goToRow.fill('5000');
  await explorer.goToRow.press('Enter');
  await expectSoon(() => /row=49\d\d/.test(explorer.page.url()), true);
  const active = await explorer.text(5000, 0);
  const distance = Number(await explorer.text(5000, 2));
  await explorer.applyFilter(`distance >= ${distance}`);
  const selected = explorer.page.locator('[role=gridcell][aria-selected=true]');
  await expectSoon(async () => (await explorer.topRow()) < 4900, true);
  await expectText(selected, active);
});

test('groups open by the keyboard, over 10^9 rows', async () => {
  await openRows('#/billion?by=category');
  const tree = explorer.page.getByRole('treegrid');
  await expectSoon(() => tree.getAttribute('aria-rowcount'), '21');
  await expectText(explorer.page.locator('.title p span'), '20 groups');
  await tree.focus();
  await explorer.page.keyboard.press('ArrowRight');
  await expectSoon(() => tree.getAttribute('aria-rowcount'), '50000021');
  await explorer.page.keyboard.press('Control+End');
  await expectSoon(
    () => explorer.page.locator('[role=row][aria-level="1"] [role=rowheader]').last().textContent(),
    'category: umber, 50,000,000 rows',
  );
  await explorer.screenshot('groups');
});

test('a range is copied as tab-separated text, and the message says how much', async () => {
  await openRows('#/flights');
  await expectText(explorer.cell(0, 1), '324');
  await explorer.grid.focus();
  for (const key of ['ArrowRight', 'Shift+ArrowDown', 'Shift+ArrowRight', 'Control+c']) {
    await explorer.page.keyboard.press(key);
  }
  const message = explorer.page.locator('.bowshot-grid-message');
  await expectText(message, 'Copied 2 rows × 2 columns');
  const text = await explorer.page.evaluate(() => navigator.clipboard.readText());
  expect(text).toBe('324\t1499\n268\t463');
  await explorer.screenshot('range');
});

test('a cell is read as a whole, by the keyboard and the mouse', async () => {
  await openRows('#/flights', { viewport: { width: 1920, height: 1080 } });
  const text = await explorer.text(0, 0);
  await explorer.grid.focus();
  await explorer.page.keyboard.press('Enter');
  const reader = explorer.page.getByRole('dialog', { name: 'date, row 0' });
  await expectText(reader.locator('pre'), text);
  await explorer.screenshot('cell');
  await explorer.page.keyboard.press('Escape');
  await expectSoon(() => reader.count(), 0);
  await explorer.page.keyboard.press('ArrowDown');
  await expectSoon(() => explorer.cell(1, 0).getAttribute('aria-selected'), 'true');
  const box = (await explorer.cell(5, 5).boundingBox())!;
  await explorer.page.mouse.dblclick(box.x + 20, box.y + 10);
  const nothing = explorer.page.getByRole('dialog', { name: 'carrier, row 5' });
  await expectText(nothing.locator('pre'), 'null');
  await expectSoon(() => nothing.getByRole('button', { name: 'Copy' }).isDisabled(), true);
});

test('an export that is cut off says why and keeps nothing; the next is whole', async () => {
  await openRows('#/flights?filter=delay+%3E+300', { viewport: { width: 1920, height: 1080 } });
  // A file of the page's own stands for the one that a reader picks.
  await explorer.page.evaluate(() => {
    const pick = async () => {
      const folder = await navigator.storage.getDirectory();
      return folder.getFileHandle('export', { create: true });
    };
    Object.assign(window, { showSaveFilePicker: pick });
  });
  const size = () =>
    explorer.page.evaluate(async () => {
      const folder = await navigator.storage.getDirectory();
      return (await (await folder.getFileHandle('export')).getFile()).size;
    });
  await explorer.page.getByRole('button', { name: 'Export' }).click();
  const panel = explorer.page.getByRole('dialog', { name: 'Export' });
  await panel.getByRole('button', { name: 'CSV' }).click();
  mock.fault({ kind: 'cut', shape: 'rows', times: 1 });
  await panel.getByRole('button', { name: 'Download' }).click();
  await expectSoon(async () => (await panel.getByRole('alert').count()) === 1, true);
  expect(await panel.getByRole('alert').innerText()).toContain('the file was overwritten');
  expect(await size()).toBe(0);
  await explorer.screenshot('export-failed');
  await panel.getByRole('button', { name: 'Download' }).click();
  await expectSoon(async () => (await panel.innerText()).includes('Complete'), true);
  expect(await size()).toBeGreaterThan(1000);
});

test('a sample says what it is of, grows, and is drawn again', async () => {
  await openRows('#/flights?sample=1000', {
    colorScheme: 'dark',
    viewport: { width: 1920, height: 1080 },
  });
  const bar = explorer.page.getByRole('group', { name: 'Sample' });
  await expectText(bar.getByRole('status'), 'sampled 1,000 of 20,000');
  const first = await explorer.text(0, 0);
  await bar.getByRole('button', { name: 'More' }).click();
  await expectText(bar.getByRole('status'), 'sampled 2,000 of 20,000');
  await expectText(explorer.cell(0, 0), first);
  await bar.getByRole('button', { name: 'Another' }).click();
  await expectSoon(async () => (await explorer.cell(0, 0).textContent()) !== first, true);
  await explorer.screenshot('sample-dark');
});

test('a busy server is asked again as late as it says', async () => {
  await openRows('#/billion');
  await expectText(explorer.cell(0, 0), '0');
  mock.fault({ kind: 'busy', shape: 'rows', times: 8, ms: 1000 });
  await explorer.goToRow.fill('600000000');
  await explorer.goToRow.press('Enter');
  const alert = explorer.page.getByRole('alert');
  await expectSoon(async () => (await alert.count()) === 1, true);
  expect(await alert.innerText()).toContain('too much to do');
  await explorer.screenshot('busy');
  await expectText(explorer.cell(600_000_000, 0), '600,000,000');
  expect(await alert.count()).toBe(0);
});

test('of an order too long to be kept every row that the server answers is shown', async () => {
  await openRows('#/billion?order=-id');
  const alert = explorer.page.getByRole('alert');
  // The first 5,000 rows and the last: they end within a page, and the rest of it is refused.
  for (const [row, id, missing] of [
    [4_999, '999,995,000', 5_000],
    [999_995_000, '4,999', 999_994_999],
  ] as const) {
    await explorer.goToRow.fill(String(row));
    await explorer.goToRow.press('Enter');
    await expectText(explorer.cell(row, 0), id);
    await expectText(explorer.cell(missing, 0), 'not loaded');
    await expectSoon(() => alert.count(), 1);
    await explorer.screenshot(`order-edge-${row}`);
  }
  await explorer.page.keyboard.press('Control+End');
  await expectText(explorer.cell(999_999_999, 0), '0');
  expect(await alert.count()).toBe(0);
});

test('an order too long to be kept: what the server says of it, and two ways out', async () => {
  await openRows('#/billion?order=-id', { colorScheme: 'dark' });
  await expectText(explorer.cell(0, 0), '999,999,999');
  await explorer.goToRow.fill('500000000');
  await explorer.goToRow.press('Enter');
  const alert = explorer.page.getByRole('alert');
  await expectSoon(() => alert.count(), 1);
  expect(await alert.innerText()).toContain(
    'orders are kept of up to 50000000 rows, this one has 1000000000',
  );
  expect(await alert.getByRole('button').allTextContents()).toEqual([
    'Add a filter',
    'Remove the sort',
  ]);
  await explorer.screenshot('order-too-long-dark');
  await alert.getByRole('button', { name: 'Add a filter' }).click();
  expect(await explorer.filter.evaluate((input) => input === document.activeElement)).toBe(true);
  await alert.getByRole('button', { name: 'Remove the sort' }).click();
  await expectText(explorer.cell(0, 0), '0');
  expect(await alert.count()).toBe(0);
  expect(explorer.page.url()).not.toContain('order');
});
