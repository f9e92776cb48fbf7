/** What can be done with the rows: on the mock server, each in light and dark, at two sizes. */
import { expect, test } from 'vitest';

import { expectSoon, expectText } from './expect-soon.js';
import { startMockServer } from '../../mock/server.mjs';
import { explorer, mock, openRows, PAGE, useMockServer } from './session.js';

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
  await expectSoon(
    () => explorer.columnHeader('delay').getAttribute('aria-description'),
    'sort key 2',
  );
  expect(explorer.page.url()).toContain('order=%2Borigin&order=%2Bdelay');
  await explorer.screenshot('multi-sort');
  await explorer.page.goBack();
  await expectSoon(() => explorer.columnHeader('delay').getAttribute('aria-sort'), 'none');
  await expectSoon(() => explorer.columnHeader('origin').getAttribute('aria-sort'), 'ascending');
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

test('a form fits its type: text, times, booleans, and what is missing', async () => {
  await openRows('#/flights', { viewport: { width: 1920, height: 1080 } });
  const text = await openMenu('origin');
  await text.getByLabel('Text of origin').fill('tL');
  await text.getByLabel('Text of origin').press('Enter');
  const contains = "CASEI(origin) LIKE CASEI('%tL%')";
  await expectSoon(() => explorer.filter.inputValue(), contains);
  await expectText(explorer.cell(0, 3), 'ATL');
  await explorer.screenshot('filter-text');
  await explorer.page.keyboard.press('Escape');
  const late = await openMenu('is_late');
  await late.getByRole('checkbox', { name: /^true/ }).click();
  await expectSoon(() => explorer.filter.inputValue(), `${contains} AND is_late = TRUE`);
  await explorer.page.keyboard.press('Escape');
  await explorer.filter.press('Escape');
  // The last day is meant as a whole, and is the same day when the form is opened again.
  const date = await openMenu('date');
  await date.getByLabel('From').fill('2001-01-02');
  await date.getByLabel('To').fill('2001-01-03');
  await date.getByLabel('To').press('Enter');
  const days = (from: string) => `date >= DATE('${from}') AND date < DATE('2001-01-04')`;
  await expectSoon(() => explorer.filter.inputValue(), days('2001-01-02'));
  // What the histogram counts is no less than what there is.
  const counted = async () => {
    const texts = [
      await date.locator('figcaption').innerText(),
      await explorer.page.locator('.title p b').innerText(),
    ];
    const [most = 0, kept = 0] = texts.map((text) => Number(text.replace(/\D/g, '')));
    return kept > 0 && kept < 20_000 && most >= kept;
  };
  await expectSoon(counted, true);
  await explorer.screenshot('filter-days');
  await explorer.page.keyboard.press('Escape');
  const again = await openMenu('date');
  await expectSoon(() => again.getByLabel('To').inputValue(), '2001-01-03');
  await again.getByLabel('From').fill('2001-01-01');
  await again.getByLabel('From').press('Enter');
  await expectSoon(() => explorer.filter.inputValue(), days('2001-01-01'));
  await explorer.page.keyboard.press('Escape');
  await explorer.filter.press('Escape');
  await (await openMenu('carrier')).getByRole('button', { name: 'is null' }).click();
  await expectSoon(() => explorer.filter.inputValue(), 'carrier IS NULL');
  await expectText(explorer.cell(0, 5), 'null');
});

test('a key that comes right after Escape is not lost', async () => {
  await openRows('#/flights');
  const menu = await openMenu('date');
  const { keyboard } = explorer.page;
  for (let press = 0; press < 10; ++press) {
    await expectSoon(() => menu.count(), 1);
    await Promise.all([keyboard.press('Escape'), keyboard.press('ArrowDown')]);
  }
  await keyboard.press('Tab');
  await expectSoon(() => menu.locator(':focus').count(), 1);
});

test('the profile stands below the names, opens, and can be put away', async () => {
  await openRows('#/flights');
  const strip = explorer.columnHeader('carrier').locator('.bowshot-strip');
  await expectSoon(async () => (await strip.innerText()).includes('5 distinct'), true);
  await strip.click();
  const card = explorer.page.getByRole('dialog', { name: 'Column carrier' });
  const frequent = card.getByRole('list', { name: 'Most frequent values' }).getByRole('listitem');
  await expectSoon(() => frequent.count(), 5);
  await explorer.screenshot('profile-card');
  await explorer.page.keyboard.press('Escape');
  // The same in words for the keyboard.
  await (await openMenu('carrier')).getByRole('button', { name: 'Profile' }).click();
  await expectSoon(() => frequent.count(), 5);
  await explorer.page.keyboard.press('Escape');
  await explorer.page.getByRole('button', { name: 'Profile' }).click();
  await expectSoon(() => strip.count(), 0);
});

test('the place is kept when the filter changes', async () => {
  await openRows('#/flights');
  await explorer.goTo(5000);
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
  await explorer.goTo(600_000_000);
  const alert = await explorer.alertThatSays('too much to do');
  await explorer.screenshot('busy');
  await expectText(explorer.cell(600_000_000, 0), '600,000,000');
  await expectSoon(() => alert.count(), 0);
});

test('a server that went away: the rows stay, and the others come when it is back', async () => {
  await openRows('#/billion');
  await expectText(explorer.cell(0, 0), '0');
  const port = Number(new URL(mock.url).port);
  await mock.close();
  await explorer.goTo(600_000_000);
  const alert = await explorer.alertThatSays('The connection is lost');
  await explorer.screenshot('server-away');
  await explorer.page.keyboard.press('Control+Home');
  await expectText(explorer.cell(0, 0), '0');
  await explorer.goTo(600_000_000);
  const back = await startMockServer({ port, page: PAGE });
  await expectText(explorer.cell(600_000_000, 0), '600,000,000');
  await expectSoon(() => alert.count(), 0);
  await back.close();
});

test('the keyboard alone goes to the rows, sorts, filters and copies', async () => {
  await openRows('#/flights');
  const { keyboard } = explorer.page;
  const press = async (...keys: string[]) => {
    for (const key of keys) await keyboard.press(key);
  };
  await press('Tab', 'Enter');
  await expectSoon(() => explorer.cell(0, 0).getAttribute('aria-selected'), 'true');
  // Into the header of the active column, its order, and the menu of the next.
  await press('ArrowRight', 'ArrowRight');
  await expectSoon(() => explorer.cell(0, 2).getAttribute('aria-selected'), 'true');
  await press('Tab', 'Enter');
  await expectSoon(() => explorer.columnHeader('distance').getAttribute('aria-sort'), 'ascending');
  await expectText(explorer.cell(0, 2), '60');
  await press('ArrowRight', 'ArrowDown');
  const menu = explorer.page.getByRole('dialog', { name: 'Column origin' });
  await expectSoon(() => menu.count(), 1);
  await keyboard.type('ewr');
  await press('Enter');
  await expectText(explorer.cell(0, 3), 'EWR');
  await press('Escape');
  const header = explorer.columnHeader('origin').getByRole('button');
  await expectSoon(() => header.evaluate((button) => button === document.activeElement), true);
  await press('Shift+Tab', 'Control+Home', 'Shift+ArrowDown', 'Control+c');
  await expectText(explorer.page.locator('.bowshot-grid-message'), 'Copied 2 rows × 1 column');
});

test('of an order too long to be kept every row that the server answers is shown', async () => {
  await openRows('#/billion?order=-id');
  const alert = explorer.page.getByRole('alert');
  // The first 5,000 rows and the last: they end within a page, and the rest of it is refused.
  for (const [row, id, missing] of [
    [4_999, '999,995,000', 5_000],
    [999_995_000, '4999', 999_994_999],
  ] as const) {
    await explorer.goTo(row);
    await expectText(explorer.cell(row, 0), id);
    await expectText(explorer.cell(missing, 0), 'not loaded');
    await expectSoon(() => alert.count(), 1);
    await explorer.screenshot(`order-edge-${row}`);
  }
  for (const key of ['Control+End', 'Home']) await explorer.page.keyboard.press(key);
  await expectText(explorer.cell(999_999_999, 0), '0');
  await expectSoon(() => alert.count(), 0);
});

test('an order too long to be kept: what the server says of it, and two ways out', async () => {
  await openRows('#/billion?order=-id', { colorScheme: 'dark' });
  await expectText(explorer.cell(0, 0), '999,999,999');
  await explorer.goTo(500_000_000);
  const alert = await explorer.alertThatSays(
    'orders are kept of up to 50000000 rows, this one has 1000000000',
  );
  expect(await alert.getByRole('button').allTextContents()).toEqual([
    'Add a filter',
    'Remove the sort',
  ]);
  await explorer.screenshot('order-too-long-dark');
  await alert.getByRole('button', { name: 'Add a filter' }).click();
  await expectSoon(
    () => explorer.filter.evaluate((input) => input === document.activeElement),
    true,
  );
  await alert.getByRole('button', { name: 'Remove the sort' }).click();
  await expectText(explorer.cell(0, 0), '0');
  await expectSoon(() => alert.count(), 0);
  expect(explorer.page.url()).not.toContain('order');
});
